import { useEffect, useState } from "react";
import type { Connection } from "../data/live.ts";

/** A page that loads is not connected for a moment, which is nothing to tell. */
const patienceMs = 2000;

/** Says that the page no longer hears from the server, so that nobody waits for what cannot come. */
export function Offline({ connection }: { connection: Connection }) {
  const [late, setLate] = useState(false);
  const away = connection !== "live";
  useEffect(() => {
    if (!away) return;
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [away]);
  if (!away || !late) return null;
  return (
    <span className="badge is-warning offline" role="status">
      {connection === "lost"
        ? "no live updates: reload to try again"
        : "the server does not answer: this is the last it said"}
    </span>
  );
}
