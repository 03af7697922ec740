import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../../base/errors.ts";
import { announcedServer, defaultPort } from "../client/announced.ts";
import type { Invocation, Terminal } from "../command.ts";
import { makeDataDirectory } from "../make-directory.ts";
import { dataDirectory, parseOptions } from "../options.ts";
import { inPackage, packageVersion } from "../package-root.ts";
import { openBrowser } from "./browser.ts";

const Options = z.object({
  host: z.string().min(1).default("127.0.0.1"),
  port: z.coerce.number("must be a number from 0 to 65535").int().min(0).max(65_535).optional(),
  dir: z.string().optional(),
  token: z.string().min(1).optional(),
  idleExit: z.coerce.number("must be a number of minutes").positive().optional(),
  stop: z.boolean().default(false),
  open: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `llmdbg serve`: this process owns the data directory until it is told to stop. */
export async function serve({ options: given, env, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  const directory = dataDirectory(options.dir, env);
  if (options.stop) return stop(directory, terminal, options.json);
  const token =
    options.token ??
    env["LLMDBG_TOKEN"] ??
    (isLoopback(options.host) ? undefined : randomBytes(24).toString("base64url"));
  const server = await startOn({
    directory,
    host: options.host,
    port: options.port,
    token,
    idleMinutes: options.idleExit,
  });
  if (options.json)
    terminal.out(
      `${JSON.stringify({ schema: "llmdbg.server/1", url: server.url, directory, ...(token === undefined ? {} : { token }) })}\n`,
    );
  else {
    terminal.out(`llmdbg serves ${directory}\n\n  ${terminal.outStyle.colours.bold(server.url)}\n`);
    if (token !== undefined) terminal.out(`  token: ${token}\n`);
    terminal.out("\nStop with Ctrl-C.\n");
  }
  if (options.open) await openBrowser(server.url);
  await Promise.race([untilSignal(), server.closed]);
  await server.close();
  return 0;
}

interface Where {
  readonly directory: string;
  readonly host: string;
  readonly port?: number | undefined;
  readonly token?: string | undefined;
  readonly idleMinutes?: number | undefined;
}

export interface RunningServer {
  readonly url: string;
  /** Also closes the store. */
  close(): Promise<void>;
  /** Resolves when the server ended by itself because nobody used it. */
  readonly closed: Promise<unknown>;
}

/** Opens the store and serves it in this process. The store and the server are loaded here and nowhere else. */
export async function startOn(where: Where): Promise<RunningServer> {
  const running = announcedServer(where.directory);
  if (running !== undefined)
    throw new AppError(
      "directory-in-use",
      `${where.directory} is served already at ${running.url} (process ${running.pid}). Use that one, or stop it with \`llmdbg serve --stop\`.`,
    );
  makeDataDirectory(where.directory);
  const [{ openEmbeddedStore }, { startServer }] = await Promise.all([
    import("../../store/embedded/embedded-store.ts"),
    import("../../server/server.ts"),
  ]);
  const store = await openEmbeddedStore(where.directory);
  const webRoot = inPackage("dist", "web");
  try {
    const server = await startServer({
      store,
      directory: where.directory,
      host: where.host,
      port: where.port ?? defaultPort,
      version: packageVersion(),
      ...(where.token === undefined ? {} : { token: where.token }),
      ...(existsSync(webRoot) ? { webRoot } : {}),
      ...(where.idleMinutes === undefined ? {} : { idleExitMs: where.idleMinutes * 60_000 }),
    });
    const close = async (): Promise<void> => {
      await server.close();
      await store.close();
    };
    return { url: server.url, closed: server.closed, close };
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

async function stop(directory: string, terminal: Terminal, json: boolean): Promise<number> {
  const running = announcedServer(directory);
  if (running === undefined) throw new AppError("not-found", `No server runs on ${directory}.`);
  process.kill(running.pid, "SIGTERM");
  for (let waited = 0; announcedServer(directory) !== undefined; waited += 50) {
    if (waited > 15_000)
      throw new AppError(
        "conflict",
        `Process ${running.pid} does not end. Look at it, or end it with: kill -9 ${running.pid}`,
      );
    await sleep(50);
  }
  terminal.out(
    json ? `${JSON.stringify({ schema: "llmdbg.server/1", stopped: running.url })}\n` : `Stopped ${running.url}\n`,
  );
  return 0;
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.");

/** Until SIGINT or SIGTERM; a second one ends the process at once. */
export async function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
