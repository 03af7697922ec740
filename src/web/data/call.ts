import type { z } from "zod";
import type { Route } from "../../api/route.ts";
import { Problem } from "../../api/server.ts";

/** A request that failed, in words a person can act on. `status` 0: the server could not be reached. */
export class CallError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "CallError";
    this.status = status;
  }
}

type Value = string | number | boolean | readonly string[] | null | undefined;

export interface Input<Body = undefined> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, Value>>;
  readonly body?: Body;
  readonly signal?: AbortSignal | undefined;
}

/** The address of a route with its parameters and query filled in; a missing parameter is a bug of the caller. */
export function addressOf(path: string, { params = {}, query = {} }: Pick<Input, "params" | "query">): string {
  const filled = path.replaceAll(/:([a-z]+)/gi, (_whole, name: string) => encodeURIComponent(params[name] ?? ""));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    if (typeof value === "object") for (const item of value) search.append(key, item);
    else search.append(key, String(value));
  }
  const text = search.toString();
  return text === "" ? filled : `${filled}?${text}`;
}

/** Calls one endpoint of the native API and parses its answer with the route's own schema. */
export async function call<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  route: Route<P, Q, B, R>,
  input: Input<z.input<B>> = {},
): Promise<z.output<R>> {
  const response = await request(addressOf(route.path, input), {
    method: route.method,
    signal: input.signal ?? null,
    ...(input.body === undefined
      ? {}
      : { body: JSON.stringify(input.body), headers: { "content-type": "application/json" } }),
  });
  const answer: unknown = await response.json();
  return route.response.parse(answer);
}

async function request(address: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, init);
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new CallError(0, `The llmdbg server at ${location.origin} does not answer. Start it with: llmdbg serve`);
  }
  if (!response.ok) throw new CallError(response.status, await reasonOf(response));
  return response;
}

async function reasonOf(response: Response): Promise<string> {
  const fallback = `The server answered ${response.status} ${response.statusText}.`;
  try {
    const problem = Problem.safeParse(await response.json());
    return problem.success ? problem.data.detail : fallback;
  } catch {
    // Not JSON: a proxy's page, for example. The status says enough.
    return fallback;
  }
}
