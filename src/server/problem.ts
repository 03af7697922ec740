import { STATUS_CODES } from "node:http";
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

/** Errors that Fastify and its plugins raise before a handler runs, in our words. */
function fromFramework(thrown: unknown, request: FastifyRequest): AppError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const code = "code" in thrown ? thrown.code : undefined;
  const status = "statusCode" in thrown ? thrown.statusCode : undefined;
  const [path] = request.url.split("?");
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
