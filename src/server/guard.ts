import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { AppError } from "../base/errors.ts";

const loopbackNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]", "::1"]);

export const isLoopback = (host: string): boolean => loopbackNames.has(host) || /^127\.\d+\.\d+\.\d+$/.test(host);

/** `Host` without the port, in lower case. */
const nameOf = (host: string): string => host.toLowerCase().replace(/:\d*$/, "");

/**
 * Refuses a page on another site that reaches this server through the user's browser: under a name of its
 * own that resolves to this machine (DNS rebinding), or with a request of its own to our address.
 * Programs send no Origin and no Sec-Fetch-Site; browsers always do.
 */
export function checkSender(method: string, headers: IncomingHttpHeaders, boundHost: string): void {
  const host = headers.host ?? "";
  if (isLoopback(boundHost) && !isLoopback(nameOf(host)) && nameOf(host) !== boundHost.toLowerCase()) {
    throw new AppError(
      "forbidden",
      `Host ${JSON.stringify(host)} is not this server. Use http://localhost, or start it with --host and a token for other names.`,
    );
  }
  const { origin } = headers;
  if (
    origin !== undefined &&
    origin.toLowerCase() !== `http://${host}`.toLowerCase() &&
    origin.toLowerCase() !== `https://${host}`.toLowerCase()
  ) {
    throw new AppError("forbidden", `Requests from pages of ${JSON.stringify(origin)} are not accepted.`);
  }
  const site = headers["sec-fetch-site"];
  const isVisit = (method === "GET" || method === "HEAD") && headers["sec-fetch-mode"] === "navigate";
  if (origin === undefined && (site === "cross-site" || site === "same-site") && !isVisit) {
    throw new AppError("forbidden", "Requests from pages of other sites are not accepted.");
  }
}

/** Where the credential of an accepted request came from; `query` is exchanged for the cookie. */
export type Credential = "header" | "query" | "cookie";

/** Compares without telling by its duration how much of a guess was right. */
export class TokenCheck {
  readonly cookieName: string;
  readonly #expected: Buffer;

  /** Browsers share cookies between ports, so the name tells servers of one machine apart. */
  constructor(token: string, port: number) {
    this.cookieName = `llmdbg_${port}`;
    this.#expected = digest(token);
  }

  check(headers: IncomingHttpHeaders, queryToken: string | undefined): Credential {
    const [scheme, bearer] = (headers.authorization ?? "").split(" ");
    if (scheme?.toLowerCase() === "bearer" && this.#isRight(bearer)) return "header";
    if (this.#isRight(queryToken)) return "query";
    if (this.#isRight(cookieValue(headers.cookie, this.cookieName))) return "cookie";
    throw new AppError(
      "unauthorized",
      "This server needs its token: send `Authorization: Bearer <token>`, or open its address once with ?token=<token>. The server printed it when it started.",
    );
  }

  #isRight(given: string | undefined): boolean {
    return given !== undefined && timingSafeEqual(digest(given), this.#expected);
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name) return value;
  }
  return undefined;
}
