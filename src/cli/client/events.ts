import { setTimeout as sleep } from "node:timers/promises";
import { LiveEvent, runEventsPath } from "../../api/events.ts";
import type { Connection } from "./connection.ts";

/** Follows the live events of one run, again and again when the stream breaks, until `signal` aborts. */
export async function followRun(
  connection: Connection,
  run: string,
  signal: AbortSignal,
  on: (event: LiveEvent) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const stream = await connection.open(runEventsPath.replace(":run", run), signal);
      stream.setEncoding("utf8");
      let held = "";
      for await (const piece of stream) {
        held += String(piece);
        const events = held.split(/\r?\n\r?\n/);
        held = events.pop() ?? "";
        for (const event of events) deliver(event, on);
      }
    } catch {
      // The server is away or the command ends: try again below, or leave by the loop's condition.
    }
    if (!signal.aborted) await sleep(500, undefined, { signal, ref: false }).catch(() => {});
  }
}

function deliver(event: string, on: (event: LiveEvent) => void): void {
  const data = event
    .split(/\r?\n/)
    .flatMap((line) => (line.startsWith("data:") ? [line.slice(5).trimStart()] : []))
    .join("\n");
  if (data === "") return;
  const parsed = LiveEvent.safeParse(jsonOf(data));
  // A kind that this version does not know is for a newer client.
  if (parsed.success) on(parsed.data);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Refused by the schema.
    return undefined;
  }
}
