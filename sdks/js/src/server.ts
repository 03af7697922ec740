import { readFileSync } from "node:fs";
import { join } from "node:path";

/** No answer, or one that says to come back later: worth trying again. */
export class Unreachable extends Error {}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export interface Place {
  readonly directory: string;
  readonly url: string | undefined;
  readonly token: string | undefined;
}

const answerMs = 5_000;

/** Finds the server and talks to it. Looks for it anew after each failure. */
export class Server {
  readonly #place: Place;
  #known: { readonly url: string; readonly headers: Readonly<Record<string, string>> } | undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Throws `Unreachable` when it is worth trying again; other refusals are in the status. */
  async send(method: string, path: string, body: unknown): Promise<Reply> {
    this.#known ??= await this.#find();
    const { url, headers } = this.#known;
    const reply = await this.#exchange(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
    // 401 and 403: the token may be mended while training goes on, so the data waits.
    if (reply.status >= 500 || [401, 403, 408, 425, 429].includes(reply.status))
      throw new Unreachable(`the server answered ${reply.status}`);
    return reply;
  }

  async #find(): Promise<{ url: string; headers: Record<string, string> }> {
    const { url, token } = this.#locate();
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    const { body } = await this.#exchange(`${url}/api/v1/health`, { method: "GET", headers });
    if (typeof body !== "object" || body === null || !("name" in body) || body.name !== "llmdbg")
      throw new Unreachable(`what answers at ${url} is not llmdbg`);
    return { url, headers };
  }

  async #exchange(url: string, request: RequestInit): Promise<Reply> {
    try {
      const response = await fetch(url, { ...request, redirect: "error", signal: AbortSignal.timeout(answerMs) });
      const text = await response.text();
      return { status: response.status, body: parse(text) };
    } catch (thrown) {
      this.#known = undefined;
      throw new Unreachable(`${url} does not answer`, { cause: thrown });
    }
  }

  #locate(): { url: string; token: string | undefined } {
    const { directory, url, token } = this.#place;
    if (url !== undefined) return { url: url.replace(/\/+$/, ""), token };
    try {
      const noted = parse(readFileSync(join(directory, "server.json"), "utf8"));
      if (typeof noted === "object" && noted !== null && "url" in noted && typeof noted.url === "string") {
        const own = "token" in noted && typeof noted.token === "string" ? noted.token : undefined;
        return { url: noted.url.replace(/\/+$/, ""), token: token ?? own };
      }
    } catch {
      // Not there: said below.
    }
    throw new Unreachable(`no server runs on ${directory}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
