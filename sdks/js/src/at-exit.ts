/** Ends the open run however the program ends: normally, with an exception, by a signal, by process.exit. */

export interface Ending {
  /** There is time for the network. */
  finish(): Promise<void>;
  /** There is none: to disk. `error` when the program ends with one. */
  abandon(status: "finished" | "crashed", error?: unknown): void;
}

const open = new Set<Ending>();
let installed = false;
let crash: { error: unknown } | undefined;

export function watch(ending: Ending): void {
  open.add(ending);
  if (installed) return;
  installed = true;
  process.on("beforeExit", () => {
    for (const one of open) void one.finish();
  });
  // Only looks on: what the program does about the error stays as it was.
  process.on("uncaughtExceptionMonitor", (error) => {
    crash = { error };
  });
  process.on("exit", () => {
    for (const one of open) {
      if (crash === undefined) one.abandon("finished");
      else one.abandon("crashed", crash.error);
    }
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const listener = (): void => {
      // A program with its own listener decides how it ends; `exit` then comes or does not come.
      if (process.listenerCount(signal) > 1) return;
      for (const one of open) one.abandon("crashed");
      process.removeListener(signal, listener);
      process.kill(process.pid, signal);
    };
    process.on(signal, listener);
  }
}

export const unwatch = (ending: Ending): boolean => open.delete(ending);
