import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import type { LiveEvent } from "../../../api/events.ts";
import type { RunSummary } from "../../../api/runs.ts";
import { listen, type Connection } from "../../data/live.ts";
import { allRuns, runsKey, type RunList } from "../../data/queries.ts";

/** Events of many runs come in bursts; the table is redrawn at most this often. */
const gatherMs = 250;

/**
 * The list of runs while it changes. Known runs change in place; new ones wait in `fresh` until the
 * person asks for them, so that no row moves under the pointer.
 */
export function useRuns() {
  const cache = useQueryClient();
  const query = useQuery(allRuns);
  const [fresh, setFresh] = useState<ReadonlyMap<string, RunSummary>>(new Map());
  const [connection, setConnection] = useState<Connection>("connecting");

  useEffect(() => {
    let heard: LiveEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      timer = undefined;
      const events = heard;
      heard = [];
      const list = cache.getQueryData<RunList>(runsKey);
      if (list === undefined) return;
      const { next, unknown } = applyEvents(list, events);
      cache.setQueryData(runsKey, next);
      if (unknown.length > 0)
        setFresh((before) => new Map([...before, ...unknown.map((run) => [run.id, run] as const)]));
    };
    const stop = listen(
      undefined,
      (event) => {
        heard.push(event);
        timer ??= setTimeout(flush, gatherMs);
      },
      setConnection,
    );
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [cache]);

  const showFresh = useCallback(() => {
    cache.setQueryData(runsKey, (list: RunList | undefined) => list && withRuns(list, [...fresh.values()]));
    setFresh(new Map());
  }, [cache, fresh]);
  return { query, fresh: fresh.size, showFresh, connection };
}

/** What events make of a list. Unknown runs come back apart, except while the list is empty or still loading. */
export function applyEvents(
  list: RunList,
  events: readonly LiveEvent[],
): { readonly next: RunList; readonly unknown: readonly RunSummary[] } {
  const byId = new Map(list.runs.map((run) => [run.id, run]));
  const unknown = new Map<string, RunSummary>();
  const open = !list.complete || list.runs.length === 0;
  let total = list.total;
  for (const event of events) {
    if (event.kind === "run-deleted") {
      if (byId.delete(event.run)) total -= 1;
      unknown.delete(event.run);
    } else if (event.kind === "run") {
      if (byId.has(event.run.id) || open) byId.set(event.run.id, event.run);
      else unknown.set(event.run.id, event.run);
    }
  }
  return {
    next: { ...list, runs: [...byId.values()], total: Math.max(total, byId.size) },
    unknown: [...unknown.values()],
  };
}

export function withRuns(list: RunList, fresh: readonly RunSummary[]): RunList {
  const byId = new Map([...fresh, ...list.runs].map((run) => [run.id, run]));
  // The list's own entry is the newer one where both have the run.
  return { ...list, runs: [...byId.values()], total: Math.max(list.total, byId.size) };
}
