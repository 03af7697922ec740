import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState, type RefObject } from "react";
import type { Condition } from "../../../../model/evaluation.ts";
import { examplePage, examplesOf, type ExampleFilter } from "../../../data/queries.ts";
import { grouped, plural } from "../../../format/number.ts";
import type { View } from "../../../state/view.ts";
import { Failure } from "../../../widgets/failure.tsx";
import { useDebounced } from "../../../widgets/use-debounced.ts";
import { ExampleRow } from "./example-row.tsx";

const rowHeight = 96;

/** The examples behind the numbers: worst first, filtered by slice and text; only what is on the screen is asked for. */
export function Examples({
  run,
  isShare,
  where,
  setWhere,
  view,
  update,
  searchBox,
}: {
  run: string;
  isShare: boolean;
  where: readonly Condition[];
  setWhere: (where: readonly Condition[]) => void;
  view: View;
  update: (change: View) => void;
  searchBox: RefObject<HTMLInputElement | null>;
}) {
  const search = useDebounced(view.find ?? "", 250);
  const wrong = view.wrong === true;
  const sort = view.inOrder === true ? "position" : "error";
  const filter = useMemo((): ExampleFilter => ({ where, search, wrong, sort }), [where, search, wrong, sort]);
  return (
    <section className="examples" aria-label="Examples">
      <div className="examples-bar">
        <h2>Examples</h2>
        <label>
          <input
            type="checkbox"
            checked={wrong}
            onChange={({ currentTarget: { checked } }) => update({ wrong: checked || undefined })}
          />{" "}
          only wrong ones
        </label>
        <select
          aria-label="Order"
          value={sort}
          onChange={({ currentTarget: { value } }) => update({ inOrder: value === "position" || undefined })}
        >
          <option value="error">worst first</option>
          <option value="position">in the file&apos;s order</option>
        </select>
        <input
          ref={searchBox}
          type="search"
          placeholder="Search inputs, predictions, references"
          aria-label="Search the examples"
          value={view.find ?? ""}
          onChange={({ currentTarget: { value } }) => update({ find: value || undefined })}
        />
      </div>
      {where.length > 0 && (
        <p className="conditions">
          {where.map((condition) => (
            <button
              key={condition.attribute}
              type="button"
              className="chip"
              title="Take this condition off"
              onClick={() => setWhere(where.filter((one) => one !== condition))}
            >
              {condition.attribute} is {String(condition.value)} <span aria-hidden="true">×</span>
            </button>
          ))}
          <button type="button" className="link" onClick={() => setWhere([])}>
            all examples
          </button>
        </p>
      )}
      <ExampleList
        key={JSON.stringify(filter)}
        run={run}
        filter={filter}
        isShare={isShare}
        add={(condition) =>
          setWhere([...where.filter(({ attribute }) => attribute !== condition.attribute), condition])
        }
      />
    </section>
  );
}

function ExampleList({
  run,
  filter,
  isShare,
  add,
}: {
  run: string;
  filter: ExampleFilter;
  isShare: boolean;
  add: (condition: Condition) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const first = useQuery({ ...examplesOf(run, filter, 0), placeholderData: keepPreviousData });
  const total = first.data?.total ?? 0;
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
  });
  const items = virtual.getVirtualItems();
  const pages = [...new Set(items.map(({ index }) => Math.floor(index / examplePage)))];
  const answers = useQueries({ queries: pages.map((page) => examplesOf(run, filter, page)) });
  if (first.isError && first.data === undefined)
    return <Failure error={first.error} retry={() => void first.refetch()} />;
  if (total === 0)
    return <p className="muted examples-none">{first.isPending ? "Reading the examples …" : "No example matches."}</p>;
  return (
    <>
      <p className="muted">{plural(total, "example")}</p>
      <div
        ref={scroller}
        className="example-list"
        tabIndex={0}
        role="feed"
        aria-label="Examples"
        aria-busy={first.isPending}
      >
        <div style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const page = Math.floor(item.index / examplePage);
            const example = answers[pages.indexOf(page)]?.data?.examples[item.index - page * examplePage];
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="example-place"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {example === undefined ? (
                  <div className="example is-loading" aria-label={`Example ${grouped(item.index + 1)} is being read`} />
                ) : (
                  <ExampleRow
                    example={example}
                    isShare={isShare}
                    open={opened.has(example.position)}
                    toggle={() => {
                      const next = new Set(opened);
                      if (!next.delete(example.position)) next.add(example.position);
                      setOpened(next);
                    }}
                    add={add}
                  />
                )}
              </div>
            );
          })}
        </div>
      </div>
    </>
  );
}
