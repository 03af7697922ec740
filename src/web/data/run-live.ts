import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { LiveEvent } from "../../api/events.ts";
import type { SeriesInfo } from "../../api/points.ts";
import { listen, type Connection } from "./live.ts";
import { recordGroupsOf, reportOf, runOf, seriesOf } from "./queries.ts";

/** Between two redraws of growing curves: fast enough to look live, slow enough to leave the machine to the training. */
const pauseMs = 250;

/**
 * Keeps what is known of a run up to date while its page is open: state goes straight into the cache;
 * curves and records are asked for again, but only those on the screen and only one round at a time.
 */
export function useRunLive(run: string): { readonly connection: Connection; readonly records: number | null } {
  const cache = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const [records, setRecords] = useState<number | null>(null);
  useEffect(() => {
    const curves = refresher(cache, run);
    const stop = listen(
      run,
      (event) => {
        apply(cache, run, event);
        if (event.kind === "records") setRecords(event.total);
        if (event.kind === "series" || event.kind === "records") curves.changed(event);
      },
      setConnection,
    );
    return () => {
      stop();
      curves.stop();
    };
  }, [cache, run]);
  return { connection, records };
}

function apply(cache: QueryClient, run: string, event: LiveEvent): void {
  switch (event.kind) {
    case "run": {
      const { lastStep: _a, verdict: _b, findings: _c, headline: _d, sparkline: _e, lastLoss: _f, ...rest } = event.run;
      const known = cache.getQueryData(runOf(run).queryKey);
      // Configuration and environment are not part of the event; they may have come with the change.
      if (known !== undefined) cache.setQueryData(runOf(run).queryKey, { ...known, ...rest });
      if (known === undefined || known.status !== rest.status || Object.keys(known.config).length === 0)
        void cache.invalidateQueries({ queryKey: runOf(run).queryKey });
      return;
    }
    case "series":
      cache.setQueryData(seriesOf(run).queryKey, (before) => mergeSeries(before ?? [], event.series));
      return;
    case "report":
      cache.setQueryData(reportOf(run).queryKey, event.report);
      return;
    case "records":
    case "run-deleted":
  }
}

function mergeSeries(before: readonly SeriesInfo[], grown: readonly SeriesInfo[]): SeriesInfo[] {
  const byId = new Map(before.map((one) => [one.id, one]));
  for (const one of grown) byId.set(one.id, one);
  return [...byId.values()];
}

type Growth = Extract<LiveEvent, { kind: "series" | "records" }>;

function refresher(cache: QueryClient, run: string): { changed(event: Growth): void; stop(): void } {
  const grown = new Set<string>();
  let [records, busy, stopped] = [false, false, false];
  const touches = (key: readonly unknown[]): boolean =>
    key[0] === "buckets" &&
    Array.isArray(key[1]) &&
    key[1].some(
      (source: unknown) =>
        typeof source === "object" &&
        source !== null &&
        "run" in source &&
        source.run === run &&
        "series" in source &&
        typeof source.series === "string" &&
        ids.has(source.series),
    );
  const touchesLayers = (key: readonly unknown[]): boolean =>
    key[0] === "layers" && key[1] === run && [...ids].some((id) => id.startsWith("layer/"));
  let ids: ReadonlySet<string> = new Set();
  const round = async (): Promise<void> => {
    busy = true;
    while (!stopped && (grown.size > 0 || records)) {
      ids = new Set(grown);
      const more = records;
      grown.clear();
      records = false;
      await Promise.all([
        cache.invalidateQueries({ predicate: ({ queryKey }) => touches(queryKey) || touchesLayers(queryKey) }),
        ...(more
          ? [
              cache.invalidateQueries({ queryKey: ["records", run] }),
              cache.invalidateQueries({ queryKey: recordGroupsOf(run).queryKey }),
            ]
          : []),
      ]);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    busy = false;
  };
  return {
    changed(event) {
      if (event.kind === "records") records = true;
      else for (const { id } of event.series) grown.add(id);
      if (!busy) void round();
    },
    stop() {
      stopped = true;
    },
  };
}
