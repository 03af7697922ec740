import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Problem } from "../api/server.ts";
import { AppError, messageOf } from "../base/errors.ts";

/** Turns whatever was thrown into the answer. Only what was meant for people leaves; the rest is logged. */
export function answerProblem(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: (line: string) => void,
): FastifyReply {
  const known = thrown instanceof AppError ? thrown : fromFramework(thrown, request);
  if (known === undefined || known.status >= 500) {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    log(`${request.method} ${request.url.split("?")[0]}: ${text}`);
  }
  const status = known?.status ?? 500;
  const problem: Problem = {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    code: known?.code ?? "internal",
    detail: known?.message ?? "A bug in llmdbg stopped this request. The server's log has the details.",
  };
  // What is left of a refused body is not read, so the connection cannot be used again.
  if (status === 413 || status === 415) reply.header("connection", "close");
  if (status === 401) reply.header("www-authenticate", "Bearer");
  return reply.code(status).type("application/problem+json").serializer(JSON.stringify).send(problem);
}

const unreadable: ReadonlyMap<string, readonly [status: number, detail: string]> = new Map([
  ["HPE_HEADER_OVERFLOW", [431, "The address and the headers are longer than 16 KiB together. Ask for less at once."]],
  ["ERR_HTTP_REQUEST_TIMEOUT", [408, "The request did not arrive in time."]],
]);

/** What Node could not read as a request at all, answered on the bare connection. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, detail] = unreadable.get(error.code ?? "") ?? [400, "This is not an HTTP request."];
  const title = STATUS_CODES[status] ?? "Error";
  const problem: Problem = { type: "about:blank", title, status, code: "bad-request", detail };
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** Errors that Fastify and its plugins raise before a handler runs, in our words. */
function fromFramework(thrown: unknown, request: FastifyRequest): AppError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const code = "code" in thrown ? thrown.code : undefined;
  const status = "statusCode" in thrown ? thrown.statusCode : undefined;
  const [path] = request.url.split("?");
  // The sender is gone; there is nobody to answer and nothing to mend.
  if (code === "ECONNRESET") return new AppError("bad-request", "The connection ended before the body did.");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return new AppError(
      "unsupported-media-type",
      `Content-Type ${JSON.stringify(request.headers["content-type"] ?? "")} is not accepted here. Send application/json.`,
    );
  }
  if (status === 403 || status === 404) return new AppError("not-found", `There is nothing at ${path}.`);
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new AppError("bad-request", messageOf(thrown), { cause: thrown });
  }
  return undefined;
}
