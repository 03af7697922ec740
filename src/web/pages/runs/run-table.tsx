import { Skeleton } from "@mantine/core";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useRef, useState, type MouseEvent } from "react";
import type { RunSummary } from "../../../api/runs.ts";
import { useScheme } from "../../charts/use-scheme.ts";
import { full, grouped, short } from "../../format/number.ts";
import { absolute, ago, duration } from "../../format/time.ts";
import { verdictWord } from "../../format/verdict.ts";
import { homeSlot, inkOf } from "../../charts/palette.ts";
import { SeverityMark } from "../../widgets/severity-mark.tsx";
import { Sparkline } from "../../widgets/sparkline.tsx";
import { StatusWord } from "../../widgets/status-word.tsx";
import { durationOf, firstDescending, lossOf, type Column, type Sort } from "./order.ts";

const columns: readonly { readonly column: Column; readonly title: string; readonly className: string }[] = [
  { column: "verdict", title: "Verdict", className: "cell-verdict" },
  { column: "name", title: "Run", className: "cell-name" },
  { column: "lastLoss", title: "Loss", className: "cell-loss" },
  { column: "lastStep", title: "Step", className: "cell-step" },
  { column: "started", title: "Started", className: "cell-started" },
  { column: "duration", title: "Duration", className: "cell-duration" },
  { column: "status", title: "Status", className: "cell-status" },
];

const [wideRow, narrowRow] = [40, 60];
const narrow = "(max-width: 760px)";

export interface RunTableProps {
  /** Undefined while nothing is known yet. */
  readonly rows: readonly RunSummary[] | undefined;
  readonly sort: Sort;
  sortBy(sort: Sort): void;
  readonly selected: ReadonlySet<string>;
  toggle(id: string): void;
  toggleAll(): void;
  readonly marked: string | undefined;
  open(id: string): void;
  readonly now: number;
}

/** Rows are drawn only near the screen; the window scrolls, so that the browser's own search and keys work. */
export function RunTable(props: RunTableProps) {
  const { rows, sort, sortBy, selected, toggleAll, marked } = props;
  const body = useRef<HTMLDivElement>(null);
  const scheme = useScheme();
  const rowHeight = useMedia(narrow) ? narrowRow : wideRow;
  const virtual = useWindowVirtualizer({
    count: rows?.length ?? 0,
    estimateSize: () => rowHeight,
    overscan: 12,
    // Drawing with React's own schedule keeps a fast scroll smooth; rows outside the screen are drawn ahead anyway.
    useFlushSync: false,
    scrollMargin: body.current?.offsetTop ?? 0,
    getItemKey: (index) => rows?.[index]?.id ?? index,
  });
  useEffect(() => virtual.measure(), [virtual, rowHeight]);
  const at = rows?.findIndex(({ id }) => id === marked) ?? -1;
  useEffect(() => {
    if (at !== -1) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);

  const header = (column: Column, title: string, className: string) => {
    const current = sort.column === column;
    const descending = current ? !sort.descending : firstDescending[column];
    return (
      <div
        key={column}
        role="columnheader"
        className={className}
        aria-sort={current ? (sort.descending ? "descending" : "ascending") : "none"}
      >
        <button type="button" onClick={() => sortBy({ column, descending })}>
          {title}
          <i aria-hidden>{current ? (sort.descending ? "↓" : "↑") : ""}</i>
        </button>
      </div>
    );
  };
  const [verdict, name, ...rest] = columns;
  return (
    <div className="run-table" role="table" aria-label="Runs" aria-rowcount={rows?.length ?? -1}>
      <div className="run-row run-head" role="row">
        <div className="cell-select" role="columnheader">
          <input
            type="checkbox"
            aria-label="Select all shown runs"
            checked={rows !== undefined && rows.length > 0 && selected.size === rows.length}
            onChange={toggleAll}
          />
        </div>
        {[verdict, name].map((c) => c && header(c.column, c.title, c.className))}
        <div className="cell-spark" role="columnheader">
          <span>Loss curve</span>
        </div>
        {rest.map((c) => header(c.column, c.title, c.className))}
      </div>
      <div
        ref={body}
        className="run-body"
        role="rowgroup"
        style={{ height: rows === undefined ? undefined : virtual.getTotalSize() }}
      >
        {rows === undefined
          ? Array.from({ length: 8 }, (_none, i) => (
              <div key={i} className="run-row is-loading" aria-hidden>
                <Skeleton height={12} />
              </div>
            ))
          : virtual.getVirtualItems().map((item) => {
              const run = rows[item.index];
              return (
                run !== undefined && (
                  <Row
                    key={run.id}
                    run={run}
                    top={item.start - virtual.options.scrollMargin}
                    index={item.index}
                    isSelected={selected.has(run.id)}
                    isMarked={marked === run.id}
                    now={props.now}
                    colour={inkOf(homeSlot(run.id), scheme).colour}
                    toggle={props.toggle}
                    open={props.open}
                  />
                )
              );
            })}
      </div>
    </div>
  );
}

interface RowProps {
  readonly run: RunSummary;
  readonly top: number;
  readonly index: number;
  readonly isSelected: boolean;
  readonly isMarked: boolean;
  readonly now: number;
  readonly colour: string;
  toggle(id: string): void;
  open(id: string): void;
}

const Row = memo(function Row({ run, top, index, isSelected, isMarked, now, colour, toggle, open }: RowProps) {
  const loss = lossOf(run.lastLoss);
  const took = durationOf(run, now);
  // Without a loss hardly a check can be made, and "nothing found" would promise too much.
  const verdict = run.verdict ?? (run.lastLoss === null ? "unknown" : "healthy");
  const href = `/runs/${encodeURIComponent(run.id)}`;
  const clicked = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    if (event.target instanceof HTMLInputElement || window.getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    open(run.id);
  };
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      aria-selected={isSelected}
      className={`run-row${isSelected ? " is-selected" : ""}${isMarked ? " is-marked" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={clicked}
    >
      <div className="cell-select" role="cell">
        <input type="checkbox" aria-label={`Select ${run.name}`} checked={isSelected} onChange={() => toggle(run.id)} />
      </div>
      <div className="cell-verdict" role="cell">
        <span className={`verdict-word is-${verdict}`}>
          <SeverityMark verdict={verdict} />
          <span className="sr-only">{run.headline === null ? "" : `${verdictWord[verdict]}: `}</span>
          <span className="headline" title={run.headline ?? undefined}>
            {run.headline ?? verdictWord[verdict]}
          </span>
          {run.findings > 1 && <small title={`${run.findings} findings, this one first`}>+{run.findings - 1}</small>}
        </span>
      </div>
      <div className="cell-name" role="cell">
        <a href={href} title={run.name}>
          {run.name}
        </a>
        <small>
          <span title="Project">{run.project}</span>
          {run.tags.slice(0, 3).map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
        </small>
      </div>
      <div className="cell-spark" role="cell">
        <Sparkline values={run.sparkline} colour={colour} />
      </div>
      <div
        className={`cell-loss${loss !== undefined && !Number.isFinite(loss) ? " is-error" : ""}`}
        role="cell"
        title={full(loss)}
      >
        {short(loss)}
      </div>
      <div className="cell-step" role="cell" title={run.lastStep === null ? undefined : full(run.lastStep)}>
        {run.lastStep === null ? "–" : grouped(run.lastStep)}
      </div>
      <div className="cell-started" role="cell" title={absolute(run.createdAt)}>
        {ago(run.createdAt, now)}
      </div>
      <div className="cell-duration" role="cell">
        {took === undefined ? "–" : duration(took)}
      </div>
      <div className="cell-status" role="cell">
        <StatusWord status={run.status} />
      </div>
    </div>
  );
});

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const changed = (): void => setMatches(media.matches);
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, [query]);
  return matches;
}
