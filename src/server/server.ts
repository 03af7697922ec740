import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { AppError, messageOf } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import { createApp } from "./app.ts";
import { KeptExamples } from "./evaluations/kept-examples.ts";
import { isLoopback, TokenCheck } from "./guard.ts";
import { Catalog } from "./live/catalog.ts";
import { Hub } from "./live/hub.ts";
import { LiveRuns } from "./live/live-runs.ts";
import { Summaries } from "./live/summaries.ts";
import { isAlive } from "./process-alive.ts";
import { removeServerFile, writeServerFile } from "./server-file.ts";
import { deliverSpool, type Send } from "./spool.ts";

/** Ports tried after a taken one. */
const portsTried = 20;
const chaseMs = 10_000;
/** A run of this machine whose process is gone is given this long to say how it ended. */
const goneMs = 10_000;
/** A run that nobody can ask about is lost after this silence; points bring it back. */
const silentMs = 15 * 60_000;
const reclaimDelayMs = 5_000;

export interface ServerOptions {
  /** Belongs to the caller, who closes it after the server. */
  readonly store: Store;
  readonly directory: string;
  readonly host: string;
  /** The next free one when it is taken; 0: any. */
  readonly port: number;
  /** Made up when it is needed (any host but loopback) and not given. */
  readonly token?: string | undefined;
  /** Folder of the built web UI. */
  readonly webRoot?: string | undefined;
  readonly version: string;
  /** Close after this long without a request, an open page or a running run; `closed` then resolves. */
  readonly idleExitMs?: number | undefined;
  readonly log?: ((line: string) => void) | undefined;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly token: string | undefined;
  /** Lets requests under way finish, ends event streams, writes what is pending. */
  close(): Promise<void>;
  /** Resolves once closed, by `close` or by idleness. */
  readonly closed: Promise<"asked" | "idle">;
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { store, directory, host, version, idleExitMs } = options;
  const log = options.log ?? ((line: string) => process.stderr.write(`llmdbg: ${line}\n`));
  const token = options.token ?? (isLoopback(host) ? undefined : randomBytes(24).toString("base64url"));
  const catalog = new Catalog(store);
  await catalog.load();
  const hub = new Hub();
  const live = new LiveRuns(store, catalog, hub, log);
  await live.advice.load();
  const examples = new KeptExamples(store);
  const summaries = new Summaries(catalog, live, hub, log);

  let usedAt = Date.now();
  let underWay = 0;
  let check: TokenCheck | undefined;
  let reclaimTimer: NodeJS.Timeout | undefined;
  const reclaim = (): void => {
    clearTimeout(reclaimTimer);
    reclaimTimer = setTimeout(() => {
      store.compact().catch((thrown: unknown) => log(`Disk of deleted runs was not given back: ${messageOf(thrown)}`));
    }, reclaimDelayMs).unref();
  };
  const app = await createApp({
    services: { store, catalog, live, summaries, hub, examples, directory, version, startedAt: Date.now(), reclaim },
    host,
    tokenCheck: () => check,
    webRoot: options.webRoot,
    log,
    onRequest: (response) => {
      usedAt = Date.now();
      underWay += 1;
      response.once("close", () => {
        underWay -= 1;
      });
    },
  });
  const port = await listen(app, host, options.port);
  if (token !== undefined) check = new TokenCheck(token, port);
  const url = `http://${host.includes(":") ? `[${host}]` : reachable(host)}:${port}`;
  await writeServerFile(directory, { url, pid: process.pid, version, ...(token !== undefined && { token }) });

  const send: Send = async (method, path, body) => {
    const response = await app.inject({
      method,
      url: path,
      headers: {
        host: isLoopback(host) ? "localhost" : host,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      payload: body,
    });
    return { status: response.statusCode, detail: response.body };
  };
  let chase: Promise<void> = Promise.resolve();
  const chaseAll = async (): Promise<void> => {
    await deliverSpool(directory, send, log);
    await markLost(catalog, live, log);
  };
  const chaseTimer = setInterval(() => {
    chase = chase.then(chaseAll).catch((thrown: unknown) => log(messageOf(thrown)));
  }, chaseMs).unref();
  chase = deliverSpool(directory, send, log).catch((thrown: unknown) => log(messageOf(thrown)));

  let resolveClosed: (why: "asked" | "idle") => void = () => {};
  const closed = new Promise<"asked" | "idle">((resolve) => {
    resolveClosed = resolve;
  });
  let closing: Promise<void> | undefined;
  const close = (why: "asked" | "idle"): Promise<void> =>
    (closing ??= (async () => {
      clearInterval(chaseTimer);
      clearInterval(idleTimer);
      clearTimeout(reclaimTimer);
      hub.close();
      await removeServerFile(directory, url);
      await chase;
      // Browsers open connections ahead of need; Node counts these as busy and would wait a minute for them.
      const sweep = setInterval(() => {
        if (underWay === 0) app.server.closeAllConnections();
      }, 20);
      await app.close().finally(() => clearInterval(sweep));
      await summaries.close();
      await live.close();
      resolveClosed(why);
    })());
  const idleTimer =
    idleExitMs === undefined
      ? undefined
      : setInterval(
          () => {
            if (hub.clientCount > 0 || !catalog.running()[Symbol.iterator]().next().done) usedAt = Date.now();
            else if (Date.now() - usedAt > idleExitMs) void close("idle");
          },
          Math.min(1_000, idleExitMs),
        ).unref();

  return { url, port, token, close: () => close("asked"), closed };
}

/** An address that a browser of this machine can open. */
const reachable = (host: string): string => (host === "0.0.0.0" ? "127.0.0.1" : host);

async function listen(app: Awaited<ReturnType<typeof createApp>>, host: string, port: number): Promise<number> {
  for (let candidate = port; ; candidate += 1) {
    try {
      await app.listen({ host, port: candidate });
      const address = app.server.address();
      return typeof address === "object" && address !== null ? address.port : candidate;
    } catch (thrown) {
      const isTaken = thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE";
      if (!isTaken)
        throw new AppError("bad-request", `Cannot listen on ${host}:${candidate}: ${messageOf(thrown)}`, {
          cause: thrown,
        });
      if (port === 0 || candidate >= Math.min(port + portsTried, 65_535)) {
        throw new AppError(
          "conflict",
          `Ports ${port} to ${candidate} on ${host} are taken. Choose another with --port.`,
          { cause: thrown },
        );
      }
    }
  }
}

/** Ends the runs that cannot end themselves any more. */
async function markLost(catalog: Catalog, live: LiveRuns, log: (line: string) => void): Promise<void> {
  const now = Date.now();
  const here = hostname();
  for (const { row, host, pid, heardAt } of catalog.running()) {
    const isOurs = host === here && pid !== undefined;
    const isLost = isOurs ? now - heardAt > goneMs && !isAlive(pid, heardAt) : now - heardAt > silentMs;
    if (!isLost) continue;
    const run = await catalog.change(row.id, (before) => {
      if (before === undefined) throw new AppError("not-found", `Run ${row.id} was deleted.`);
      return before.status === "running" ? { ...before, status: "lost", endedAt: heardAt } : before;
    });
    live.changed(run);
    log(`Run ${row.id} stopped reporting without an end and is marked as lost.`);
  }
}
