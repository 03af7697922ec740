/**
 * Expected failures. Each has a code from one table, so that every edge (HTTP, command line, UI)
 * turns it into its own form without looking at the message.
 *
 * `status` is the HTTP status, `exitCode` the command line's.
 */
const codes = {
  "bad-request": { status: 400, exitCode: 2 },
  "unreadable-input": { status: 400, exitCode: 2 },
  unauthorized: { status: 401, exitCode: 2 },
  forbidden: { status: 403, exitCode: 2 },
  "not-found": { status: 404, exitCode: 2 },
  conflict: { status: 409, exitCode: 2 },
  "too-large": { status: 413, exitCode: 2 },
  "unsupported-media-type": { status: 415, exitCode: 2 },
  "directory-in-use": { status: 409, exitCode: 2 },
  "store-unavailable": { status: 503, exitCode: 2 },
  "disk-full": { status: 507, exitCode: 2 },
  "server-unreachable": { status: 502, exitCode: 2 },
} as const;

export type ErrorCode = keyof typeof codes;

/** A failure that a person can act on: the message says what is wrong and what to do. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly exitCode: number;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "AppError";
    this.code = code;
    this.status = codes[code].status;
    this.exitCode = codes[code].exitCode;
  }
}

/** The message of whatever was thrown. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** Whether a text, such as the `code` of a problem document, is one of the codes. */
export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(codes, text);
