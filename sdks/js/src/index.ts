/**
 * Sends metrics and log records of a training run to llmdbg. Nothing here throws into the caller's code;
 * only `finish` waits, for a bounded time. Without `init` every function does nothing.
 */
import { Run, type InitOptions, type LogRecord, type Status } from "./run.ts";

export { Run, type InitOptions, type Level, type LogRecord, type Status } from "./run.ts";

let current: Run | undefined;

/** Starts a run, or joins the one that `llmdbg run` started around this process. An earlier one is finished. */
export function init(options: InitOptions = {}): Run {
  void current?.finish();
  current = new Run(options);
  return current;
}

/** Notes metrics of one step; without `step`, of the step after the last one. */
export function log(metrics: object, step?: number): void {
  current?.log(metrics, step);
}

/** Adds to the run's configuration. */
export function config(values: object): void {
  current?.config(values);
}

/** Adds a line to the run's log. */
export function logRecord(record: LogRecord): void {
  current?.logRecord(record);
}

/** Ends the run and waits up to `timeoutMs` for delivery; what is left waits on disk. */
export async function finish(status: Status = "finished", timeoutMs = 10_000): Promise<void> {
  const run = current;
  current = undefined;
  await run?.finish(status, timeoutMs);
}
