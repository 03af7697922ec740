import { useSyncExternalStore } from "react";

/** One clock for all relative times of a page, so that they change together, every ten seconds. */
const everyMs = 10_000;

function follow(listener: () => void): () => void {
  const timer = setInterval(listener, everyMs);
  return () => clearInterval(timer);
}

export const useNow = (): number =>
  useSyncExternalStore(follow, () => Math.floor(Date.now() / everyMs) * everyMs + everyMs);
