import "../../charts/charts.css";
import "./findings.css";
import "./log.css";
import "./run.css";
import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import type { Finding } from "../../../model/finding.ts";
import { fromWire } from "../../../model/number.ts";
import type { Report } from "../../../model/report.ts";
import type { Run } from "../../../model/run.ts";
import type { SeriesInfo } from "../../../api/points.ts";
import { trainLoss } from "../../../analysis/signals.ts";
import { groupSeries, labelText } from "../../charts/series-groups.ts";
import { homeSlot, inkOf } from "../../charts/palette.ts";
import { SceneContext, type Evidenced, type Flag } from "../../charts/scene.ts";
import { CurveGroups, type CardGroup } from "../../charts/curve-groups.tsx";
import { CurveToolbar } from "../../charts/curve-toolbar.tsx";
import { useScheme } from "../../charts/use-scheme.ts";
import { useSceneOf } from "../../charts/use-scene-of.ts";
import { onsetZoom } from "../../charts/zoom.ts";
import { CallError } from "../../data/call.ts";
import { reportOf, runOf, seriesOf } from "../../data/queries.ts";
import { useRunLive } from "../../data/run-live.ts";
import { stepRange, useAxes } from "../../data/use-axis.ts";
import { findingKey, inOrderOfCause } from "../../format/verdict.ts";
import { useKeys } from "../../state/keys.ts";
import { useView } from "../../state/use-view.ts";
import { Failure } from "../../widgets/failure.tsx";
import { usePageTitle } from "../../widgets/page-title.ts";
import { About } from "./about.tsx";
import { ConfigTable } from "./config.tsx";
import { Layers } from "./layers/layers.tsx";
import { isLayerSeries } from "./layers/stats.ts";
import { Findings } from "./findings.tsx";
import { RunHead } from "./head.tsx";
import { LogPanel } from "./log.tsx";
import { Moment } from "./moment.tsx";
import { Tabs } from "./tabs.tsx";

const chartHeight = 168;

/** Its word differences and lists are no part of what a training run loads. */
const EvaluationPage = lazy(async () => ({ default: (await import("./evaluation/evaluation.tsx")).EvaluationPage }));

export function RunPage() {
  const { id } = useParams<{ id: string }>();
  const run = useQuery(runOf(id));
  const report = useQuery(reportOf(id));
  const series = useQuery(seriesOf(id));
  const gone = run.error instanceof CallError && run.error.status === 404;
  usePageTitle(run.data?.name ?? (gone ? "No such run" : undefined));
  if (run.isError && run.data === undefined) return gone ? <NoSuchRun id={id} /> : <RunFailure query={run} />;
  if (run.data === undefined) return <Loading />;
  if (run.data.kind === "evaluate")
    return (
      <Suspense fallback={<Loading />}>
        <EvaluationPage key={id} run={run.data} />
      </Suspense>
    );
  return (
    <OneRun
      key={id}
      run={run.data}
      report={report.data}
      reportError={report.error}
      retryReport={() => void report.refetch()}
      series={series.data}
      seriesError={series.error}
      retrySeries={() => void series.refetch()}
    />
  );
}

const NoSuchRun = ({ id }: { id: string }) => (
  <div className="empty">
    <h2>There is no such run</h2>
    <p>
      This server knows no run <code className="breakable">{id}</code>. It was deleted, or is kept in another directory:{" "}
      <code>llmdbg serve --dir …</code> opens that one.
    </p>
    <p>
      <Link href="/">All runs</Link>
    </p>
  </div>
);

const RunFailure = ({ query }: { query: { readonly error: unknown; refetch(): unknown } }) => (
  <div className="page-failure">
    <h2>This run could not be loaded</h2>
    <Failure error={query.error} retry={() => void query.refetch()} />
    <p>
      <Link href="/">All runs</Link>
    </p>
  </div>
);

const Loading = () => (
  <div className="run-page" aria-busy="true" aria-label="Loading the run">
    <Skeleton height={24} width="40%" mt={16} />
    <Skeleton height={64} mt={16} />
    <Skeleton height={220} mt={16} />
  </div>
);

interface OneRunProps {
  readonly run: Run;
  readonly report: Report | undefined;
  readonly reportError: unknown;
  retryReport(): void;
  readonly series: readonly SeriesInfo[] | undefined;
  readonly seriesError: unknown;
  retrySeries(): void;
}

const noSeries: readonly SeriesInfo[] = [];

function OneRun({
  run,
  report,
  reportError,
  retryReport,
  series: all = noSeries,
  seriesError,
  retrySeries,
}: OneRunProps) {
  const [view, update] = useView();
  const [, navigate] = useLocation();
  const live = useRunLive(run.id);
  const [pointed, setPointed] = useState<string | undefined>();
  const [curveFilter, setCurveFilter] = useState("");
  const searchBox = useRef<HTMLInputElement>(null);

  // Series of layers, which may be thousands, have a map of their own.
  const series = useMemo(() => all.filter((one) => !isLayerSeries(one)), [all]);
  const hasLayers = all.length > series.length;
  const findings = useMemo(() => inOrderOfCause(report?.findings ?? []), [report]);
  const openKey = view.finding ?? (findings[0] === undefined ? "" : findingKey(findings[0]));
  const setOpen = useCallback((key: string) => update({ finding: key }), [update]);

  const axisRuns = useMemo(
    () => [{ id: run.id, createdAt: run.createdAt, series: series.length > 0 ? series : all }],
    [run.id, run.createdAt, series, all],
  );
  const axes = useAxes(axisRuns, view.x ?? "step");
  const startZoom = useStartZoom(run, findings, series);
  const flags = useMemo(
    () =>
      findings.flatMap((finding): Flag[] => {
        const { step } = finding.onset;
        if (step === null) return [];
        const key = findingKey(finding);
        const pointsAt = new Set(finding.evidence.flatMap((e) => e.series ?? []));
        const { severity, title } = finding;
        return [{ key, severity, title, step, run: run.id, series: pointsAt, active: key === (pointed ?? openKey) }];
      }),
    [findings, openKey, pointed, run.id],
  );
  const shownKey = pointed ?? openKey;
  const evidenced = useMemo(
    () =>
      findings
        .filter((finding) => findingKey(finding) === shownKey)
        .flatMap((finding) => finding.evidence)
        .flatMap(({ series: name, step, value }): Evidenced[] => {
          const number = value === null ? undefined : fromWire(value);
          if (name === null || step === null || number === undefined) return [];
          return [{ run: run.id, series: name, step, value: number }];
        }),
    [findings, shownKey, run.id],
  );
  const pick = useCallback(
    (_run: string, x: number) => {
      const axis = axes.get(run.id)?.axis;
      const step =
        axis === undefined
          ? x
          : axis.query === "step"
            ? axis.toQuery(x)
            : stepAtTime(axis.fromStep, x, stepRange(series));
      update({ moment: Math.round(step) });
    },
    [axes, run.id, series, update],
  );
  const scene = useSceneOf({ axes, view, update, startZoom, flags, evidenced, pick, openFlag: setOpen });

  const step = (by: number): void => {
    const at = findings.findIndex((finding) => findingKey(finding) === openKey);
    const next = findings[Math.min(findings.length - 1, Math.max(0, at + by))];
    if (next !== undefined) setOpen(findingKey(next));
  };
  useKeys({
    "/": () => searchBox.current?.focus(),
    j: () => step(1),
    k: () => step(-1),
    f: () => scene.zoomTo(undefined),
    s: () => update({ smoothing: view.smoothing === undefined ? 0.9 : undefined }),
    l: () => update({ logY: view.logY === true ? undefined : true }),
    c: () => navigate(`/compare?runs=${encodeURIComponent(run.id)}`),
    Escape: () => update({ moment: undefined }),
  });

  const cards = useCards(run.id, series, curveFilter);
  const tab = view.tab ?? "curves";
  // Side by side where there is room; on a narrow screen the log is a tab of its own.
  const showsCurves = tab === "curves" || tab === "log";
  const showsLayers = tab === "layers";
  const layerSearch = {
    text: view.modules ?? "",
    label: "Filter layers",
    set: (text: string) => update({ modules: text === "" ? undefined : text }),
  };
  const onset = findings.find((finding) => findingKey(finding) === openKey)?.onset;
  return (
    <div className="run-page">
      <RunHead run={run} series={series} connection={live.connection} />
      {report === undefined && reportError !== null ? (
        <Failure error={reportError} retry={retryReport} />
      ) : (
        <Findings
          run={run}
          report={report}
          findings={findings}
          openKey={openKey}
          setOpen={setOpen}
          point={setPointed}
        />
      )}
      <Tabs
        tab={tab}
        hasLayers={hasLayers || showsLayers}
        open={(key) => update({ tab: key === "curves" ? undefined : key })}
      >
        {((showsCurves && series.length > 0) || (showsLayers && hasLayers)) && (
          <CurveToolbar
            view={view}
            update={update}
            scene={scene}
            axes={axes}
            live={run.status === "running"}
            search={showsLayers ? layerSearch : { text: curveFilter, set: setCurveFilter }}
            searchBox={searchBox}
          />
        )}
      </Tabs>
      {tab === "config" && <ConfigTable run={run} against={view.against} update={update} />}
      {tab === "about" && <About run={run} />}
      {showsLayers && (
        <SceneContext value={scene}>
          <Layers
            run={run}
            series={all}
            findings={findings}
            openKey={openKey}
            view={view}
            update={update}
            openFinding={setOpen}
          />
        </SceneContext>
      )}
      {showsCurves && (
        <div className={`run-lower${tab === "log" ? " shows-log" : ""}`}>
          <div className="run-curves">
            {seriesError !== null && series.length === 0 && <Failure error={seriesError} retry={retrySeries} />}
            {seriesError === null && series.length === 0 && <NoSeries running={run.status === "running"} />}
            <SceneContext value={scene}>
              <CurveGroups groups={cards} height={chartHeight} growing={run.status === "running"} />
            </SceneContext>
            {series.length > 0 && cards.length === 0 && (
              <p className="muted">
                No curve matches “{curveFilter}”.{" "}
                <Button size="compact-sm" variant="default" onClick={() => setCurveFilter("")}>
                  Show all
                </Button>
              </p>
            )}
          </div>
          <aside className="run-side">
            {view.moment !== undefined && (
              <Moment
                run={run}
                series={series}
                step={view.moment}
                findings={findings}
                close={() => update({ moment: undefined })}
              />
            )}
            <LogPanel run={run} view={view} update={update} live={live.records} onset={onset} />
          </aside>
        </div>
      )}
    </div>
  );
}

const NoSeries = ({ running }: { running: boolean }) => (
  <div className="empty">
    <h2>No curves {running ? "yet" : "in this run"}</h2>
    <p className="muted">
      {running
        ? "They appear with the first line that holds a number, such as loss=2.31 or {'loss': 2.31}."
        : "Nothing that it printed or sent was a metric. Its log is beside this."}
    </p>
  </div>
);

/**
 * The zoom a page opens with: around the first finding, unless the run is live, because then it would hide
 * what is happening now. Decided once, when the report is first known, so that charts do not jump later.
 */
function useStartZoom(run: Run, findings: readonly Finding[], series: readonly SeriesInfo[]) {
  const wasLive = useRef(run.status === "running");
  const [zoom, setZoom] = useState<ReturnType<typeof onsetZoom>>();
  const decided = useRef(false);
  useEffect(() => {
    if (decided.current || findings.length === 0 || series.length === 0) return;
    decided.current = true;
    if (wasLive.current) return;
    const [firstStep, lastStep] = stepRange(series);
    const losses = series.filter(({ name, labels }) => trainLoss.matches(name, labels));
    const logged = Math.max(...(losses.length > 0 ? losses : series).map(({ count }) => count));
    setZoom(onsetZoom(findings[0], { firstStep, lastStep, logged }));
  }, [findings, series]);
  return zoom;
}

/** The step at a time, by halving: times are only known as a function of the step. */
function stepAtTime(timeOf: (step: number) => number, time: number, [first, last]: readonly [number, number]): number {
  let [low, high] = [first, last];
  for (let i = 0; i < 60 && high - low > 0.5; i += 1) {
    const middle = (low + high) / 2;
    if (timeOf(middle) < time) low = middle;
    else high = middle;
  }
  return low;
}

function useCards(run: string, series: readonly SeriesInfo[], filter: string): readonly CardGroup[] {
  const scheme = useScheme();
  return useMemo(() => {
    const words = filter
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const shown = series.filter(({ id }) => words.every((word) => id.toLowerCase().includes(word)));
    return groupSeries(shown).map(({ name, metrics }) => ({
      name,
      cards: metrics.map((metric) => ({
        title: metric.name,
        curves: metric.series.map((one, i) => ({
          key: one.id,
          run,
          series: one,
          label: labelText(one) || one.name,
          ink: inkOf(homeSlot(run) + i, scheme),
        })),
      })),
    }));
  }, [run, series, filter, scheme]);
}
