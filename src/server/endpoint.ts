import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Route } from "../api/route.ts";
import { AppError } from "../base/errors.ts";
import type { Services } from "./services.ts";

/** What a handler gets: everything the route's schemas speak of, already checked. */
export interface Call<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly reply: FastifyReply;
}

/** A route with its behaviour. `answer` returns the response body, or the reply when it wrote the response itself. */
export interface Endpoint {
  readonly route: Route;
  answer(services: Services, request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
}

/** Ties a handler to its route; the types of both come from the route's schemas. */
export const endpoint = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  route: Route<P, Q, B, R>,
  handler: (services: Services, call: Call<P, Q, B>) => Promise<z.input<R> | FastifyReply>,
): Endpoint => ({
  route,
  answer: (services, request, reply) =>
    handler(services, {
      params: read(route.params, request.params, ""),
      query: read(route.query, request.query, "query "),
      body: read(route.body, request.body ?? {}, ""),
      reply,
    }),
});

/** A part that the route does not have is undefined, in the types as well. */
function read<S extends z.ZodType>(schema: S | undefined, value: unknown, where: string): z.output<S> {
  if (schema === undefined) return undefined as z.output<S>;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, 5).map((issue) => `${where}${pathOf(issue.path)}: ${issue.message}`);
  throw new AppError("bad-request", `${issues.join("; ")}. What to send is in /api/openapi.json.`);
}

/** `series[0].name`, or `body` for the whole. */
function pathOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "body";
  return path
    .map((key, i) => (typeof key === "number" ? `[${key}]` : i === 0 ? String(key) : `.${String(key)}`))
    .join("");
}
