import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

// Without zod and the client: `run` needs this before it starts the user's command, which must not wait.

/** `<dir>/server.json`, kept by a server while it runs. */
interface ServerFile {
  readonly url: string;
  readonly pid: number;
  readonly token: string | undefined;
}

export const defaultPort = 7337;

/** What `<dir>/server.json` says, if the process it names is alive. Costs one small read. */
export function announcedServer(directory: string): ServerFile | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(join(directory, "server.json"), "utf8"));
    if (typeof content !== "object" || content === null || !("url" in content) || !("pid" in content)) return undefined;
    const { url, pid } = content;
    const token = "token" in content && typeof content.token === "string" ? content.token : undefined;
    if (typeof url !== "string" || typeof pid !== "number") return undefined;
    process.kill(pid, 0);
    return { url, pid, token };
  } catch {
    // No file, half a file or no such process all mean: no server of this directory.
    return undefined;
  }
}

/** How many ports from 7337 on are tried: an address that is the same tomorrow can be kept. */
const portsTried = 20;

/** A port that is free now: 7337, else one after it, else any. So the address is known before the server is up. */
export async function freePort(): Promise<number> {
  for (let port = defaultPort; port < defaultPort + portsTried; port += 1)
    if ((await tryPort(port)) !== undefined) return port;
  return (await tryPort(0)) ?? defaultPort;
}

export async function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(undefined));
    probe.listen({ port, host: "127.0.0.1" }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}
