import "../../charts/charts.css";
import "../runs/runs.css";
import "../run/findings.css";
import "../run/log.css";
import "../run/run.css";
import "./compare.css";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { runSlots, inkOf } from "../../charts/palette.ts";
import { CurveGroups, type CardGroup } from "../../charts/curve-groups.tsx";
import { CurveToolbar } from "../../charts/curve-toolbar.tsx";
import { SceneContext, type Evidenced, type Flag } from "../../charts/scene.ts";
import { groupSeries, labelText } from "../../charts/series-groups.ts";
import { useScheme } from "../../charts/use-scheme.ts";
import { useSceneOf } from "../../charts/use-scene-of.ts";
import { allRuns, reportOf, runOf, seriesOf } from "../../data/queries.ts";
import { useAxes } from "../../data/use-axis.ts";
import { useKeys } from "../../state/keys.ts";
import { useView } from "../../state/use-view.ts";
import { Failure } from "../../widgets/failure.tsx";
import { usePageTitle } from "../../widgets/page-title.ts";
import { ConfigDifferences } from "./config-differences.tsx";
import { Legend, type ComparedRun } from "./legend.tsx";
import { VerificationPanel } from "./verification.tsx";

const chartHeight = 200;
const noFlags: readonly Flag[] = [];
const noEvidence: readonly Evidenced[] = [];
const nothing = (): void => {};
/** More lines than this cannot be told apart, and each is a request. */
const maxCompared = 32;

/** Runs side by side: what was set differently first, then what came of it. */
export function ComparePage() {
  const [view, update] = useView();
  const scheme = useScheme();
  const searchBox = useRef<HTMLInputElement>(null);
  const [filter, setFilter] = useState("");
  const ids = useMemo(() => [...new Set(view.runs ?? [])].slice(0, maxCompared), [view.runs]);
  const hidden = useMemo(() => new Set(view.hidden ?? []), [view.hidden]);

  const loaded = useQueries({ queries: ids.map((id) => runOf(id)), combine: dataOf });
  const reports = useQueries({ queries: ids.map((id) => reportOf(id)), combine: dataOf });
  const series = useQueries({ queries: ids.map((id) => seriesOf(id)), combine: dataOf });

  const slots = useMemo(() => runSlots(ids), [ids]);
  const runs = useMemo(
    () =>
      ids.map((id, i): ComparedRun => ({
        id,
        run: loaded.data[i],
        report: reports.data[i],
        ink: inkOf(slots.get(id) ?? 0, scheme),
        hidden: hidden.has(id),
      })),
    [ids, loaded.data, reports.data, slots, scheme, hidden],
  );
  const axisRuns = useMemo(
    () =>
      ids.flatMap((id, i) => {
        const all = series.data[i];
        return all === undefined || hidden.has(id)
          ? []
          : [{ id, createdAt: loaded.data[i]?.createdAt ?? 0, series: all }];
      }),
    [ids, series.data, loaded.data, hidden],
  );
  const axes = useAxes(axisRuns, view.x ?? "step");
  const scene = useSceneOf({
    axes,
    view,
    update,
    startZoom: undefined,
    flags: noFlags,
    evidenced: noEvidence,
    pick: nothing,
    openFlag: nothing,
  });
  useKeys({
    "/": () => searchBox.current?.focus(),
    f: () => scene.zoomTo(undefined),
    s: () => update({ smoothing: view.smoothing === undefined ? 0.9 : undefined }),
    l: () => update({ logY: view.logY === true ? undefined : true }),
  });

  const cards = useMemo((): readonly CardGroup[] => {
    const inkById = new Map(runs.map(({ id, ink, run }) => [id, { ink, name: run?.name ?? id }]));
    const words = filter.toLowerCase();
    const everything = axisRuns.flatMap(({ series: all }) => all).filter(({ id }) => id.toLowerCase().includes(words));
    return groupSeries(everything).map(({ name, metrics }) => ({
      name,
      cards: metrics.map(({ name: title }) => ({
        title,
        curves: axisRuns.flatMap(({ id: run, series: all }) =>
          all
            .filter((one) => one.name === title)
            .map((one) => {
              const known = inkById.get(run);
              const labels = labelText(one);
              return {
                key: `${run} ${one.id}`,
                run,
                series: one,
                label: `${known?.name ?? run}${labels === "" ? "" : `, ${labels}`}`,
                ink: known?.ink ?? inkOf(0, scheme),
              };
            }),
        ),
      })),
    }));
  }, [axisRuns, runs, filter, scheme]);

  usePageTitle(ids.length === 0 ? "Compare" : `Compare ${ids.length === 1 ? "one run" : `${ids.length} runs`}`);
  if (ids.length === 0) return <NothingChosen choose={(id) => update({ runs: [id] })} />;
  return (
    <div className="compare-page">
      <div className="runs-bar">
        <h1>Compare {ids.length === 1 ? "one run" : `${ids.length} runs`}</h1>
        <AddRun ids={ids} add={(id) => update({ runs: [...ids, id] })} />
        {(view.runs?.length ?? 0) > maxCompared && (
          <span className="badge is-warning">
            the first {maxCompared} of {view.runs?.length}
          </span>
        )}
      </div>
      {loaded.error !== undefined && <Failure error={loaded.error} retry={() => location.reload()} />}
      <Legend
        runs={runs}
        setHidden={(next) => update({ hidden: next.length === 0 ? undefined : next })}
        remove={(id) => update({ runs: ids.filter((other) => other !== id) })}
      />
      <ConfigDifferences runs={runs} />
      <VerificationPanel runs={runs} after={view.after ?? []} setAfter={(after) => update({ after })} />
      <div className="run-tabs">
        <CurveToolbar
          view={view}
          update={update}
          scene={scene}
          axes={axes}
          live={runs.some(({ run }) => run?.status === "running")}
          search={{ text: filter, set: setFilter }}
          searchBox={searchBox}
        />
      </div>
      <SceneContext value={scene}>
        <CurveGroups groups={cards} height={chartHeight} growing={runs.some(({ run }) => run?.status === "running")} />
      </SceneContext>
    </div>
  );
}

function dataOf<T>(answers: readonly { readonly data: T | undefined; readonly error: Error | null }[]) {
  return {
    data: answers.map(({ data }) => data),
    error: answers.find(({ error }) => error !== null)?.error ?? undefined,
  };
}

function AddRun({ ids, add }: { ids: readonly string[]; add: (id: string) => void }) {
  const runs = useQuery(allRuns).data?.runs ?? [];
  return (
    <label className="tool">
      <span>add</span>
      <select value="" onChange={(event) => event.currentTarget.value !== "" && add(event.currentTarget.value)}>
        <option value="">choose a run</option>
        {runs
          .filter(({ id }) => !ids.includes(id))
          .slice(0, 500)
          .map(({ id, name, project }) => (
            <option key={id} value={id}>
              {project} / {name}
            </option>
          ))}
      </select>
    </label>
  );
}

const NothingChosen = ({ choose }: { choose: (id: string) => void }) => (
  <div className="empty">
    <h2>Nothing to compare yet</h2>
    <p>
      Select runs in the <Link href="/">list of runs</Link> and press <kbd>c</kbd>, or start with one here.
    </p>
    <AddRun ids={[]} add={choose} />
  </div>
);
