import { useQueries, useQuery, keepPreviousData } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { getRecords } from "../../../api/records.ts";
import type { Finding } from "../../../model/finding.ts";
import type { Level } from "../../../model/record.ts";
import type { Run } from "../../../model/run.ts";
import { call } from "../../data/call.ts";
import { recordGroupsOf, recordPage, recordsOf, type RecordFilter } from "../../data/queries.ts";
import { grouped, plural } from "../../format/number.ts";
import type { View } from "../../state/view.ts";
import { Failure } from "../../widgets/failure.tsx";
import { useDebounced } from "../../widgets/use-debounced.ts";
import { LogGroups } from "./log-groups.tsx";
import { LogRow } from "./log-row.tsx";

const levelsFrom: Readonly<Record<Level, readonly Level[]>> = {
  debug: [],
  info: ["info", "warning", "error", "critical"],
  warning: ["warning", "error", "critical"],
  error: ["error", "critical"],
  critical: ["critical"],
};

/** The run's log beside its curves: only what is on the screen is asked for and drawn. */
export function LogPanel({
  run,
  view,
  update,
  live,
  onset,
}: {
  run: Run;
  view: View;
  update: (change: View) => void;
  /** Length of the log as the server last said; null before it did. */
  live: number | null;
  /** Of the open finding. */
  onset: Onset | undefined;
}) {
  const [grouping, setGrouping] = useState(false);
  const groups = useQuery(recordGroupsOf(run.id));
  const search = useDebounced(view.log ?? "", 200);
  const filter = useMemo(
    (): RecordFilter => ({ level: levelsFrom[view.level ?? "debug"], search, group: view.group ?? "" }),
    [view.level, view.group, search],
  );
  const errors = (groups.data ?? [])
    .filter(({ level }) => level === "error" || level === "critical")
    .reduce((sum, { count }) => sum + count, 0);
  return (
    <section className="log" aria-label="Log">
      <div className="log-bar">
        <h2>Log</h2>
        {errors > 0 && <span className="badge is-error">{plural(errors, "error")}</span>}
        <select
          aria-label="Lowest level shown"
          value={view.level ?? "debug"}
          onChange={({ currentTarget: { value } }) => {
            const level = levelOptions.find(([key]) => key === value)?.[0];
            update({ level: level === "debug" ? undefined : level });
          }}
        >
          {levelOptions.map(([level, word]) => (
            <option key={level} value={level}>
              {word}
            </option>
          ))}
        </select>
        <input
          type="search"
          placeholder="Search the log"
          aria-label="Search the log"
          value={view.log ?? ""}
          onChange={(event) => update({ log: event.currentTarget.value || undefined })}
        />
        <button type="button" className="tool-toggle" aria-pressed={grouping} onClick={() => setGrouping(!grouping)}>
          groups
        </button>
      </div>
      {view.group !== undefined && (
        <div className="log-filter">
          <span title={view.group}>One group of records</span>
          <button type="button" className="link" onClick={() => update({ group: undefined })}>
            show all
          </button>
        </div>
      )}
      {grouping ? (
        <LogGroups
          groups={groups.data}
          choose={(group) => {
            setGrouping(false);
            update({ group });
          }}
        />
      ) : (
        <LogLines key={JSON.stringify(filter)} run={run} filter={filter} live={live} onset={onset} />
      )}
    </section>
  );
}

const levelOptions = [
  ["debug", "all levels"],
  ["info", "info and above"],
  ["warning", "warnings, errors"],
  ["error", "errors"],
] as const satisfies readonly (readonly [Level, string])[];

type Onset = Finding["onset"];
const rowHeight = 22;

function LogLines({
  run,
  filter,
  live,
  onset,
}: {
  run: Run;
  filter: RecordFilter;
  live: number | null;
  onset: Onset | undefined;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const first = useQuery({ ...recordsOf(run.id, filter, 0), placeholderData: keepPreviousData });
  const total = first.data?.total ?? 0;
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  });
  const items = virtual.getVirtualItems();
  const pages = [...new Set(items.map(({ index }) => Math.floor(index / recordPage)))];
  const answers = useQueries({ queries: pages.map((page) => recordsOf(run.id, filter, page)) });
  const recordAt = (index: number) => {
    const page = Math.floor(index / recordPage);
    return answers[pages.indexOf(page)]?.data?.records[index - page * recordPage];
  };

  const unfiltered = filter.level.length === 0 && filter.search === "" && filter.group === "";
  useOpeningPlace(run, unfiltered ? onset : undefined, total, (index, align) =>
    virtual.scrollToIndex(index, { align }),
  );

  // What came since the end was last seen; nothing scrolls by itself.
  const lastShown = items.at(-1)?.index ?? -1;
  const [seen, setSeen] = useState(0);
  const atEnd = lastShown >= total - 1;
  useEffect(() => {
    if (atEnd || seen === 0) setSeen(total);
  }, [atEnd, total, seen]);
  const fresh = Math.max(0, total - seen);

  if (first.isError && first.data === undefined)
    return <Failure error={first.error} retry={() => void first.refetch()} />;
  if (total === 0)
    return (
      <p className="log-empty">
        {first.isPending ? "" : unfiltered ? "No records yet." : "No record matches."}
        {unfiltered && live === 0 && run.source.startsWith("sdk") && " Add llmdbg's logging handler to see them here."}
      </p>
    );
  return (
    <>
      <div ref={scroller} className="log-lines" tabIndex={0} role="log" aria-label="Records" aria-live="off">
        <div style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const record = recordAt(item.index);
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="log-place"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {record === undefined ? (
                  <div className="log-row is-loading" />
                ) : (
                  <LogRow
                    record={record}
                    origin={run.createdAt}
                    marked={onset !== undefined && onset.step !== null && record.step === onset.step}
                    open={opened.has(record.index)}
                    toggle={() => {
                      const next = new Set(opened);
                      if (!next.delete(record.index)) next.add(record.index);
                      setOpened(next);
                    }}
                  />
                )}
              </div>
            );
          })}
        </div>
      </div>
      <div className="log-foot">
        <span>{plural(total, "record")}</span>
        {fresh > 0 && (
          <button
            type="button"
            className="fresh-chip"
            onClick={() => {
              setSeen(total);
              virtual.scrollToIndex(total - 1, { align: "end" });
            }}
          >
            {grouped(fresh)} new
          </button>
        )}
      </div>
    </>
  );
}

/** The log opens at the open finding's onset; without one, a live run's log opens at its end. Once. */
function useOpeningPlace(
  run: Run,
  onset: Onset | undefined,
  total: number,
  scroll: (index: number, align: "center" | "end") => void,
): void {
  const done = useRef<string | undefined>(undefined);
  const key = onset === undefined ? "" : JSON.stringify(onset);
  const place = useQuery({
    queryKey: ["record-at", run.id, onset],
    enabled: onset !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const first = async (query: { fromStep?: number; fromTime?: number }) =>
        (await call(getRecords, { params: { run: run.id }, query: { ...query, limit: 1 } })).records[0]?.index;
      const byStep = onset === undefined || onset.step === null ? undefined : await first({ fromStep: onset.step });
      // Records of most consoles have a time and no step.
      return byStep ?? (onset?.time === undefined ? null : ((await first({ fromTime: onset.time })) ?? null));
    },
  });
  useEffect(() => {
    if (total === 0) return;
    if (onset !== undefined && done.current !== key && typeof place.data === "number") {
      done.current = key;
      scroll(place.data, "center");
    } else if (onset === undefined && done.current === undefined && run.status === "running") {
      done.current = "end";
      scroll(total - 1, "end");
    }
  }, [onset, key, place.data, total, run.status, scroll]);
}
