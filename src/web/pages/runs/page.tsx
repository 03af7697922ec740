import "./runs.css";
import { Button, Modal } from "@mantine/core";
import { IconGitCompare, IconSearch, IconTrash, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { deleteRun } from "../../../api/runs.ts";
import { messageOf } from "../../../base/errors.ts";
import { call } from "../../data/call.ts";
import { maxRuns, runsKey, type RunList } from "../../data/queries.ts";
import { grouped, plural } from "../../format/number.ts";
import { filterKeys, matchesRunFilter, parseRunFilter } from "../../format/run-filter.ts";
import { useKeys } from "../../state/keys.ts";
import { useView } from "../../state/use-view.ts";
import { Command } from "../../widgets/command.tsx";
import { Failure } from "../../widgets/failure.tsx";
import { useNow } from "../../widgets/now.ts";
import { Offline } from "../../widgets/offline.tsx";
import { usePageTitle } from "../../widgets/page-title.ts";
import { formatSort, parseSort, sortRuns } from "./order.ts";
import { RunTable } from "./run-table.tsx";
import { useRuns } from "./use-runs.ts";

export function RunsPage() {
  const [view, update] = useView();
  const [, navigate] = useLocation();
  const { query, fresh, showFresh, connection } = useRuns();
  usePageTitle("Runs");
  const now = useNow();
  const search = useRef<HTMLInputElement>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [marked, setMarked] = useState<string | undefined>();
  const [deleting, setDeleting] = useState<readonly string[]>([]);

  const list = query.data;
  const sort = parseSort(view.sort);
  const sortText = formatSort(sort);
  const filter = view.q ?? "";
  // The order is made anew only when runs come or go, or the person asks: a live value moves no row.
  const ids = list?.runs.map(({ id }) => id).join("\n");
  const order = useMemo(
    () =>
      sortRuns(list?.runs ?? [], parseSort(sortText), Date.now())
        .filter((run) => matchesRunFilter(run, parseRunFilter(filter)))
        .map(({ id }) => id),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `ids` stands for the list.
    [ids, sortText, filter],
  );
  const byId = useMemo(() => new Map((list?.runs ?? []).map((run) => [run.id, run])), [list]);
  const rows = useMemo(() => order.flatMap((id) => byId.get(id) ?? []), [order, byId]);

  const open = useCallback((id: string): void => navigate(`/runs/${encodeURIComponent(id)}`), [navigate]);
  const compare = (): void => {
    if (selected.size > 0) navigate(`/compare?runs=${[...selected].map(encodeURIComponent).join(",")}`);
  };
  const toggle = useCallback((id: string): void => {
    setSelected((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const move = (by: number): void => {
    const at = marked === undefined ? -1 : order.indexOf(marked);
    setMarked(order[Math.min(order.length - 1, Math.max(0, at + by))]);
  };
  useKeys({
    "/": () => search.current?.focus(),
    j: () => move(1),
    k: () => move(-1),
    Enter: () => marked !== undefined && open(marked),
    x: () => marked !== undefined && toggle(marked),
    c: compare,
    Escape: () => setSelected(new Set()),
  });

  return (
    <div className="runs-page">
      <div className="runs-bar">
        <h1>Runs</h1>
        <div className="search-box">
          <IconSearch size={14} aria-hidden />
          <input
            ref={search}
            type="search"
            value={filter}
            placeholder="Search, e.g. status:running project:x"
            aria-label={`Search runs by words, or by ${filterKeys.join(":, ")}:`}
            list="run-filter-keys"
            onChange={(event) => update({ q: event.currentTarget.value || undefined })}
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          />
          <kbd aria-hidden>/</kbd>
          <datalist id="run-filter-keys">
            {["status:running", "status:crashed", "verdict:error", "project:", "tag:", "name:"].map((key) => (
              <option key={key} value={key} />
            ))}
          </datalist>
        </div>
        {fresh > 0 && (
          <button type="button" className="fresh-chip" onClick={showFresh}>
            {grouped(fresh)} new
          </button>
        )}
        <span className="runs-count" role="status">
          {list !== undefined && countText(rows.length, list, filter)}
        </span>
        <Offline connection={connection} />
        {selected.size > 0 && (
          <div className="selection-bar">
            <span>{grouped(selected.size)} selected</span>
            <Button size="compact-sm" leftSection={<IconGitCompare size={14} />} onClick={compare}>
              Compare
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconTrash size={14} />}
              onClick={() => setDeleting([...selected])}
            >
              Delete
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              color="gray"
              aria-label="Clear the selection"
              onClick={() => setSelected(new Set())}
            >
              <IconX size={14} />
            </Button>
          </div>
        )}
      </div>
      {query.isError && list === undefined && <Failure error={query.error} retry={() => void query.refetch()} />}
      {list !== undefined && list.total === 0 && list.complete && <NoRuns />}
      {(list === undefined ? query.isPending : list.runs.length > 0) && (
        <RunTable
          rows={list === undefined ? undefined : rows}
          sort={sort}
          sortBy={(next) => update({ sort: formatSort(next) === "-started" ? undefined : formatSort(next) })}
          selected={selected}
          toggle={toggle}
          toggleAll={() => setSelected(selected.size === rows.length ? new Set() : new Set(order))}
          marked={marked}
          open={open}
          now={now}
        />
      )}
      {list !== undefined && list.runs.length > 0 && rows.length === 0 && (
        <div className="empty">
          <p>
            No run matches <code>{filter}</code>.
          </p>
          <Button size="compact-sm" variant="default" onClick={() => update({ q: undefined })}>
            Clear the search
          </Button>
        </div>
      )}
      <DeleteRuns
        ids={deleting}
        nameOf={(id) => byId.get(id)?.name ?? id}
        close={() => setDeleting([])}
        gone={() => setSelected(new Set())}
      />
    </div>
  );
}

function countText(shown: number, list: RunList, filter: string): string {
  if (!list.complete) return `${grouped(list.runs.length)} of ${plural(list.total, "run")} loaded`;
  const older = list.total > maxRuns ? ` (the newest ${grouped(maxRuns)} of ${grouped(list.total)})` : "";
  return filter === ""
    ? `${plural(list.runs.length, "run")}${older}`
    : `${grouped(shown)} of ${plural(list.runs.length, "run")}${older}`;
}

const NoRuns = () => (
  <div className="empty">
    <h2>No runs yet</h2>
    <p>Put this in front of the training command you already have:</p>
    <Command text="llmdbg run -- python train.py" />
    <p className="muted">Its curves, its log and what is wrong with it appear here while it runs.</p>
  </div>
);

function DeleteRuns({
  ids,
  nameOf,
  close,
  gone,
}: {
  ids: readonly string[];
  nameOf: (id: string) => string;
  close: () => void;
  gone: () => void;
}) {
  const cache = useQueryClient();
  const [state, setState] = useState<{ readonly done: number; readonly error?: string } | undefined>();
  const remove = async (): Promise<void> => {
    let done = 0;
    setState({ done });
    try {
      for (const run of ids) {
        await call(deleteRun, { params: { run } });
        cache.setQueryData(runsKey, (list: RunList | undefined) =>
          list === undefined
            ? list
            : { ...list, runs: list.runs.filter(({ id }) => id !== run), total: list.total - 1 },
        );
        setState({ done: (done += 1) });
      }
      setState(undefined);
      gone();
      close();
    } catch (thrown) {
      setState({ done, error: messageOf(thrown) });
    }
  };
  const busy = state !== undefined && state.error === undefined;
  return (
    <Modal opened={ids.length > 0} onClose={close} title={`Delete ${plural(ids.length, "run")}?`} size="sm">
      <p>Their points, logs and findings are deleted from the disk. This cannot be undone.</p>
      <ul className="delete-list">
        {ids.slice(0, 8).map((id) => (
          <li key={id}>{nameOf(id)}</li>
        ))}
        {ids.length > 8 && <li className="muted">and {ids.length - 8} more</li>}
      </ul>
      {state?.error !== undefined && (
        <p role="alert" className="is-error">
          {state.error} {grouped(state.done)} of {grouped(ids.length)} were deleted.
        </p>
      )}
      <div className="dialog-buttons">
        <Button variant="default" size="sm" onClick={close}>
          Keep
        </Button>
        <Button color="red" size="sm" loading={busy} onClick={() => void remove()}>
          Delete
        </Button>
      </div>
    </Modal>
  );
}
