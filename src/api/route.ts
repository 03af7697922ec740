import type { z } from "zod";

/** An endpoint as data: the server registers it, the web and the clients call it, OpenAPI is made from it. */
export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  readonly id: string;
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** With `:name` for each of `params`. */
  readonly path: string;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly response: Response;
  /** Content types beside JSON that the request can ask for. */
  readonly alsoAnswers?: readonly string[];
  /** Largest body in bytes, after decompression; the server's default when absent. */
  readonly maxBodyBytes?: number;
}

export const defineRoute = <
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodType,
>(
  route: Route<P, Q, B, R>,
): Route<P, Q, B, R> => route;
