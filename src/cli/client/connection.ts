import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import type { z } from "zod";
import { AppError, isErrorCode, messageOf } from "../../base/errors.ts";
import { Problem } from "../../api/server.ts";

export interface Call {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** JSON text. */
  readonly body?: string | undefined;
  readonly timeoutMs?: number;
}

/**
 * One server as its client sees it, over node:http with kept connections (the global `fetch` would
 * cost its start-up time in every command). Failures are `AppError`s: `server-unreachable` when no
 * answer came, otherwise the code of the problem document.
 */
export class Connection {
  readonly url: string;
  readonly token: string | undefined;
  readonly #agent: PlainAgent | TlsAgent;
  readonly #secure: boolean;

  constructor(url: string, token?: string) {
    this.url = url.replace(/\/+$/, "");
    this.token = token;
    this.#secure = this.url.startsWith("https:");
    const options = { keepAlive: true, maxSockets: 4 };
    this.#agent = this.#secure ? new TlsAgent(options) : new PlainAgent(options);
  }

  /** The answer, checked by `schema`. */
  async ask<S extends z.ZodType>(schema: S, call: Call): Promise<z.infer<S>> {
    const { status, text } = await this.#exchange(call);
    if (status < 200 || status > 299) throw problemOf(status, text, this.url);
    const parsed = schema.safeParse(jsonOf(text));
    if (!parsed.success)
      throw new AppError(
        "server-unreachable",
        `${this.url} answered ${call.path} in a form that this version does not know. Is it an llmdbg of another version? Run \`llmdbg doctor\`.`,
      );
    return parsed.data;
  }

  /** Sends; the answer's text when it was a success. */
  async send(call: Call): Promise<string> {
    const { status, text } = await this.#exchange(call);
    if (status < 200 || status > 299) throw problemOf(status, text, this.url);
    return text;
  }

  /** The answer as a stream that stays open, for server-sent events. */
  async open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = this.#request({ method: "GET", path }, { accept: "text/event-stream" }, signal);
      request.on("response", (response) => {
        if (response.statusCode === 200) resolve(response);
        else {
          response.resume();
          reject(problemOf(response.statusCode ?? 0, "", this.url));
        }
      });
      request.on("error", (error) => reject(unreachable(this.url, error)));
      request.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #exchange(call: Call): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const request = this.#request(call, {});
      request.setTimeout(call.timeoutMs ?? 30_000, () => request.destroy(new Error("no answer in time")));
      request.on("response", (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString("utf8") }),
        );
        response.on("error", (error) => reject(unreachable(this.url, error)));
      });
      request.on("error", (error) => reject(unreachable(this.url, error)));
      request.end(call.body);
    });
  }

  #request(call: Call, headers: Record<string, string>, signal?: AbortSignal): ReturnType<typeof plainRequest> {
    const body: Record<string, string> =
      call.body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(call.body)) };
    const authorization: Record<string, string> =
      this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    const options = {
      method: call.method,
      agent: this.#agent,
      headers: { accept: "application/json", ...body, ...authorization, ...headers },
      ...(signal === undefined ? {} : { signal }),
    };
    return (this.#secure ? tlsRequest : plainRequest)(this.url + call.path, options);
  }
}

const unreachable = (url: string, cause: unknown): AppError =>
  new AppError(
    "server-unreachable",
    `No llmdbg server answers at ${url} (${messageOf(cause)}). Start one with \`llmdbg serve\`.`,
    { cause },
  );

/** A failed answer as the failure that it describes. */
function problemOf(status: number, text: string, url: string): AppError {
  const problem = Problem.safeParse(jsonOf(text));
  const code = problem.success ? problem.data.code : "";
  const detail = problem.success ? problem.data.detail || problem.data.title : `HTTP status ${status}`;
  if (status === 401) return new AppError("unauthorized", `${url} wants a token: set LLMDBG_TOKEN. (${detail})`);
  if (isErrorCode(code)) return new AppError(code, detail);
  return new AppError(
    status >= 500 || status === 429 || status === 408 ? "store-unavailable" : "bad-request",
    `${url} answered: ${detail}`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller's schema refuses `undefined` and says so.
    return undefined;
  }
}
