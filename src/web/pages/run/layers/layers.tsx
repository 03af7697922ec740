import "./layers.css";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { getLayers } from "../../../../api/layers.ts";
import type { SeriesInfo } from "../../../../api/points.ts";
import type { Finding } from "../../../../model/finding.ts";
import type { Run } from "../../../../model/run.ts";
import { CurveCard } from "../../../charts/curve-card.tsx";
import { homeSlot, inkOf } from "../../../charts/palette.ts";
import { useScene } from "../../../charts/scene.ts";
import { useScheme } from "../../../charts/use-scheme.ts";
import { call } from "../../../data/call.ts";
import { grouped, plural } from "../../../format/number.ts";
import { findingKey } from "../../../format/verdict.ts";
import type { View } from "../../../state/view.ts";
import { Command } from "../../../widgets/command.tsx";
import { useWidth } from "../../../widgets/element-size.ts";
import { Failure } from "../../../widgets/failure.tsx";
import { SeverityMark } from "../../../widgets/severity-mark.tsx";
import { Backtrace } from "./backtrace.tsx";
import { HeatMap, type HeatMark } from "./heat-map.tsx";
import { LayerTable } from "./layer-table.tsx";
import { rowsOf, type Detail } from "./rows.ts";
import { heatScaleOf, isLayerSeries, statsOf, type Stat } from "./stats.ts";

interface LayersProps {
  readonly run: Run;
  /** All series of the run. */
  readonly series: readonly SeriesInfo[];
  readonly findings: readonly Finding[];
  readonly openKey: string;
  readonly view: View;
  update(change: View): void;
  openFinding(key: string): void;
}

/** Everything about layers: the map, the curves of one layer, and where numbers were lost. */
export function Layers(props: LayersProps) {
  const { run, series, findings, openKey, view, update, openFinding } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const stats = useMemo(() => statsOf(series), [series]);
  const stat = stats.find(({ id }) => id === view.stat) ?? stats[0];
  const marks = useMemo(() => marksOf(findings, openKey), [findings, openKey]);
  const select = (layer: string, step: number | null): void =>
    update({ layer, moment: step === null ? undefined : Math.round(step) });
  const openMark = ({ key, layer, step }: HeatMark): void => {
    openFinding(key);
    select(layer, step);
  };
  return (
    <div className="layers" ref={frame}>
      <Backtrace run={run.id} openLayer={select} />
      {stat === undefined ? (
        <NoLayers />
      ) : (
        <>
          <Toolbar stats={stats} stat={stat} view={view} update={update} />
          {width > 0 && <Map {...props} stat={stat} width={width} marks={marks} select={select} openMark={openMark} />}
          {marks.length > 0 && (
            <ul className="layer-marks" aria-label="Findings in layers">
              {marks.map((mark) => (
                <li key={`${mark.key} ${mark.layer}`}>
                  <button type="button" onClick={() => openMark(mark)} aria-current={mark.active}>
                    <SeverityMark verdict={mark.severity} labelled />
                    {mark.title} <code>{mark.layer}</code> <span className="muted">step {grouped(mark.step)}</span>
                  </button>
                </li>
              ))}
            </ul>
          )}
          {view.layer !== undefined && (
            <OneLayer run={run} series={series} layer={view.layer} close={() => update({ layer: undefined })} />
          )}
        </>
      )}
    </div>
  );
}

const NoLayers = () => (
  <div className="empty">
    <h2>No layers are watched in this run</h2>
    <p className="muted">
      One line after the model and the optimizer are made shows gradients, updates and activations here.
    </p>
    <Command text="llmdbg.watch(model, optimizer)" />
  </div>
);

const details: readonly (readonly [Detail, string])[] = [
  ["modules", "by depth"],
  ["kinds", "by kind"],
  ["blocks", "blocks"],
];

function Toolbar({
  stats,
  stat,
  view,
  update,
}: {
  stats: readonly Stat[];
  stat: Stat;
  view: View;
  update: (change: View) => void;
}) {
  return (
    <div className="layers-bar">
      <label className="tool">
        <span>Show</span>
        <select value={stat.id} onChange={(event) => update({ stat: event.currentTarget.value })}>
          {stats.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label className="tool">
        <span>Layers</span>
        <select
          value={view.detail ?? "modules"}
          onChange={(event) => {
            const chosen = details.find(([id]) => id === event.currentTarget.value)?.[0];
            update({ detail: chosen === "modules" ? undefined : chosen });
          }}
        >
          {details.map(([id, word]) => (
            <option key={id} value={id}>
              {word}
            </option>
          ))}
        </select>
      </label>
      <p className="muted">{stat.about}</p>
    </div>
  );
}

/** Columns in steps of this many, so that resizing a window does not ask again for each pixel. */
const columnStep = 64;

function Map({
  run,
  series,
  view,
  stat,
  width,
  marks,
  select,
  openMark,
}: LayersProps & {
  stat: Stat;
  width: number;
  marks: readonly HeatMark[];
  select: (layer: string, step: number | null) => void;
  openMark: (mark: HeatMark) => void;
}) {
  const scene = useScene();
  const { zoom } = scene;
  const axis = scene.axisOf(run.id);
  const isByStep = axis.query === "step";
  const from = zoom !== undefined && isByStep ? Math.floor(axis.toQuery(zoom.from)) : undefined;
  const to = zoom !== undefined && isByStep ? Math.ceil(axis.toQuery(zoom.to)) : undefined;
  const columns = Math.min(1024, Math.max(columnStep, Math.floor((width - 96) / columnStep) * columnStep));
  const answer = useQuery({
    queryKey: ["layers", run.id, stat.id, columns, from, to],
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    structuralSharing: false,
    queryFn: async ({ signal }) => ({
      stat: stat.id,
      matrix: await call(getLayers, {
        params: { run: run.id },
        query: { stat: stat.id, width: columns, from, to, reduce: stat.reduce },
        signal,
      }),
    }),
  });
  // While another statistic is fetched, the map that is there keeps its own colours.
  const matrix = answer.data?.stat === stat.id ? answer.data.matrix : undefined;
  const detail = view.detail ?? "modules";
  const filter = view.modules ?? "";
  const rows = useMemo(
    () => (matrix === undefined ? [] : rowsOf(matrix, detail, filter, stat.reduce)),
    [matrix, detail, filter, stat.reduce],
  );
  const scale = useMemo(() => heatScaleOf(stat, matrix?.values ?? []), [stat, matrix]);
  const range = useMemo(() => rangeOf(matrix, from, to), [matrix, from, to]);
  if (answer.isError) return <Failure error={answer.error} retry={() => void answer.refetch()} />;
  if (matrix === undefined)
    return (
      <p className="muted heat-waiting" role="status">
        Reading {plural(series.filter(isLayerSeries).length, "layer series", "layer series")}
      </p>
    );
  if (rows.length === 0 || matrix.steps.length === 0)
    return (
      <p className="muted heat-waiting">
        {filter === ""
          ? "Nothing was watched in this range. Double-click a curve, or choose the whole run above."
          : `No layer matches “${filter}”.`}
      </p>
    );
  return (
    <>
      <HeatMap
        stat={stat}
        rows={rows}
        steps={matrix.steps}
        range={range}
        scale={scale}
        marks={marks}
        selected={{ layer: view.layer, step: view.moment }}
        select={(row, step) => select(row.layers[0] ?? row.name, step)}
        openMark={openMark}
        zoomTo={(a, b) => scene.zoomTo({ from: axis.fromStep(a), to: axis.fromStep(b) })}
        resetZoom={() => scene.zoomTo(undefined)}
      />
      <LayerTable stat={stat} rows={rows} steps={matrix.steps} openLayer={select} />
    </>
  );
}

/** A column has to have a width, also the last one. */
function rangeOf(
  matrix: { readonly steps: readonly number[]; readonly lastStep: number | null } | undefined,
  from: number | undefined,
  to: number | undefined,
): readonly [number, number] {
  const steps = matrix?.steps ?? [];
  const first = steps[0] ?? 0;
  const last = matrix?.lastStep ?? first;
  const spacing = steps.length > 1 ? ((steps.at(-1) ?? first) - first) / (steps.length - 1) : 1;
  return [Math.max(first, from ?? first), Math.min(last + spacing, to ?? Number.POSITIVE_INFINITY)];
}

/** Findings that name a layer, also those that became part of another one's story. */
function marksOf(findings: readonly Finding[], openKey: string): HeatMark[] {
  const marks: HeatMark[] = [];
  for (const finding of findings) {
    const key = findingKey(finding);
    for (const { severity, title, onset } of [finding, ...(finding.related ?? [])]) {
      if (onset.layer === undefined || onset.step === null) continue;
      marks.push({ key, severity, title, layer: onset.layer, step: onset.step, active: key === openKey });
    }
  }
  return marks;
}

const chartHeight = 140;

/** All curves of one layer. */
function OneLayer({
  run,
  series,
  layer,
  close,
}: {
  run: Run;
  series: readonly SeriesInfo[];
  layer: string;
  close: () => void;
}) {
  const scheme = useScheme();
  const cards = useMemo(() => {
    const own = series.filter((one) => isLayerSeries(one) && one.labels["layer"] === layer);
    const names = statsOf(own);
    return names.map(({ id, title }) => ({
      title,
      curves: own
        .filter(({ name }) => name === `layer/${id}`)
        .map((one, i) => ({
          key: one.id,
          run: run.id,
          series: one,
          label:
            Object.entries(one.labels)
              .filter(([key]) => key !== "layer")
              .map(([key, value]) => `${key} ${value}`)
              .join(", ") || title,
          ink: inkOf(homeSlot(run.id) + i, scheme),
        })),
    }));
  }, [series, layer, run.id, scheme]);
  return (
    <section className="one-layer" aria-label={`Curves of ${layer}`}>
      <h2>
        <code>{layer}</code>
        <button type="button" className="link" onClick={close}>
          Close
        </button>
      </h2>
      {cards.length === 0 ? (
        <p className="muted">Nothing else was watched of this module.</p>
      ) : (
        <div className="curve-grid">
          {cards.map(({ title, curves }) => (
            <CurveCard key={title} id={`${layer} ${title}`} title={title} curves={curves} height={chartHeight} />
          ))}
        </div>
      )}
    </section>
  );
}
