import { LiveEvent, eventsPath, runEventsPath } from "../../api/events.ts";
import { addressOf } from "./call.ts";

export type Connection = "connecting" | "live" | "lost";

/**
 * Listens to live changes of one run, or of the list of runs. The browser reconnects by itself; the
 * server then sends the current state first, so nothing is missed.
 */
export function listen(
  run: string | undefined,
  heard: (event: LiveEvent) => void,
  changed: (connection: Connection) => void,
): () => void {
  const address = run === undefined ? eventsPath : addressOf(runEventsPath, { params: { run } });
  const source = new EventSource(address);
  const hear = (message: MessageEvent<string>): void => {
    let data: unknown;
    try {
      data = JSON.parse(message.data);
    } catch {
      // A half-sent event at the end of a connection; the state comes whole again after reconnecting.
      return;
    }
    const event = LiveEvent.safeParse(data);
    if (event.success) heard(event.data);
  };
  for (const kind of LiveEvent.options) source.addEventListener(kind.shape.kind.value, hear);
  source.addEventListener("open", () => changed("live"));
  source.addEventListener("error", () => changed(source.readyState === EventSource.CLOSED ? "lost" : "connecting"));
  return () => source.close();
}
