import { ActionIcon, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { memo, useMemo, useRef, useState } from "react";
import type { SeriesInfo } from "../../api/points.ts";
import { curveKey, useBuckets } from "../data/buckets.ts";
import { compact, full, grouped, plural, short } from "../format/number.ts";
import { useNearScreen, useWidth } from "../widgets/element-size.ts";
import { Failure } from "../widgets/failure.tsx";
import { curveData } from "./curve-data.ts";
import { CurvePlot } from "./curve-plot.tsx";
import { csvAddress, savePng, saveSvg } from "./curve-export.ts";
import type { CurveChart } from "./curve.ts";
import type { DrawnCurve } from "./paint.ts";
import type { Ink } from "./palette.ts";
import { useScene } from "./scene.ts";

export interface CardCurve {
  readonly key: string;
  readonly run: string;
  readonly series: SeriesInfo;
  readonly label: string;
  readonly ink: Ink;
}

interface CurveCardProps {
  readonly id: string;
  readonly title: string;
  readonly curves: readonly CardCurve[];
  readonly height: number;
}

/** One metric. Off the screen only its frame is there, so that a run of thousands of series stays light. */
export const CurveCard = memo(function CurveCard(props: CurveCardProps) {
  const { title, curves, height } = props;
  const figure = useRef<HTMLElement>(null);
  const near = useNearScreen(figure);
  return (
    <figure className="curve-card" ref={figure} aria-label={near ? describe(title, curves) : title}>
      {near ? (
        <CardContent {...props} />
      ) : (
        <>
          <figcaption>
            <h3>{title}</h3>
          </figcaption>
          <div style={{ height }} />
        </>
      )}
    </figure>
  );
}, isSameCard);

/** The list of curves is made anew with each live change of the run, most of its items are not. */
function isSameCard(a: CurveCardProps, b: CurveCardProps): boolean {
  return (
    a.id === b.id &&
    a.title === b.title &&
    a.height === b.height &&
    a.curves.length === b.curves.length &&
    a.curves.every((curve, i) => {
      const other = b.curves[i];
      return other?.series === curve.series && other.ink.colour === curve.ink.colour && other.label === curve.label;
    })
  );
}

/** Title, badges, the reading under the shared cursor, the curves, and a menu to take them away. */
function CardContent({ id, title, curves, height }: CurveCardProps) {
  const scene = useScene();
  const body = useRef<HTMLDivElement>(null);
  const reading = useRef<HTMLSpanElement>(null);
  const [chart, setChart] = useState<CurveChart | null>(null);
  const width = useWidth(body);
  const { axis, axisOf, zoom, logX, logY, smoothing } = scene;

  const sources = curves.map(({ run, series }) => ({
    run,
    series: series.id,
    zoom: zoom && { from: axisOf(run).toQuery(zoom.from), to: axisOf(run).toQuery(zoom.to) },
    extent: logX ? { from: series.firstStep, to: series.lastStep } : undefined,
  }));
  // Steps of 64 pixels, so that resizing a window does not ask again for each pixel.
  const query = { axis: axis.query, logX, smoothing, width: Math.max(64, Math.ceil(width / 64) * 64) };
  const answer = useBuckets(sources, query, width > 0);

  const drawn = useMemo(
    () =>
      curves.flatMap(({ key, run, series, label, ink }): DrawnCurve[] => {
        const columns = answer.data?.get(curveKey(run, series.id));
        if (columns === undefined) return [];
        return [{ key, label, ink, data: curveData(columns, { xOf: axisOf(run).xOf, logX, logY }) }];
      }),
    [answer.data, curves, axisOf, logX, logY],
  );
  const points = drawn.reduce((sum, { data }) => sum + data.points, 0);
  const sum = (read: (curve: DrawnCurve) => number): number => drawn.reduce((total, curve) => total + read(curve), 0);
  const dropped = sum(({ data }) => data.dropped);
  const placeless = sum(({ data }) => data.placeless);
  const nonFinite = sum(({ data }) => data.marks.reduce((total, { count }) => total + count, 0));
  const density = width === 0 ? 0 : points / width;

  return (
    <>
      <figcaption>
        <h3 title={title}>{title}</h3>
        {nonFinite > 0 && <span className="badge is-error">{grouped(nonFinite)} not finite</span>}
        {dropped > 0 && (
          <span className="badge" title="A logarithmic axis has no place for values of zero and below">
            {compact(dropped)} not shown: ≤ 0
          </span>
        )}
        {placeless > 0 && (
          <span className="badge" title={`These points have no ${axis.label}`}>
            {compact(placeless)} without {axis.label}
          </span>
        )}
        {density >= 2 && (
          <span className="badge" title={`${full(points)} points in view; each pixel shows its minimum and maximum`}>
            {compact(density)} points per pixel
          </span>
        )}
        <span className="reading" ref={reading} aria-live="off">
          {curves.length === 1 ? short(curves[0]?.series.lastValue) : ""}
        </span>
        <CardMenu title={title} curves={curves} drawn={drawn} chart={chart} />
      </figcaption>
      <CurveLegend curves={curves} />
      <div className="curve-body" ref={body} style={{ height }}>
        {answer.isFetching && <div className="curve-busy" aria-hidden />}
        {answer.isPending && (
          <p className="curve-waiting" role="status">
            {smoothing > 0 ? "Smoothing" : "Reading"} {compact(curves.reduce((n, { series }) => n + series.count, 0))}{" "}
            points
          </p>
        )}
        {answer.isError && <Failure error={answer.error} retry={() => void answer.refetch()} />}
        {width > 0 && !answer.isError && answer.data !== undefined && (
          <CurvePlot
            id={id}
            width={width}
            height={height}
            drawn={drawn}
            curves={curves}
            reading={reading}
            ready={setChart}
          />
        )}
        {answer.data !== undefined && points === 0 && (
          <p className="curve-empty">No points in this range. Double-click for the whole run.</p>
        )}
      </div>
    </>
  );
}

/** More names than this are a wall of text; pointing at the curves names each. */
const maxNamed = 6;

/** Which line is which, where a run has several of one metric. Runs that are compared have a legend above all charts. */
function CurveLegend({ curves }: { curves: readonly CardCurve[] }) {
  const [first] = curves;
  if (first === undefined || curves.length < 2 || curves.some(({ run }) => run !== first.run)) return null;
  return (
    <ul className="curve-legend" aria-label="Curves">
      {curves.slice(0, maxNamed).map(({ key, label, ink }) => (
        <li key={key} title={label}>
          <svg width="14" height="4" aria-hidden>
            <line x2="14" y1="2" y2="2" stroke={ink.colour} strokeWidth="2" strokeDasharray={ink.dash.join(" ")} />
          </svg>
          <span>{label}</span>
        </li>
      ))}
      {curves.length > maxNamed && <li className="muted">and {curves.length - maxNamed} more</li>}
    </ul>
  );
}

function CardMenu({
  title,
  curves,
  drawn,
  chart,
}: {
  title: string;
  curves: readonly CardCurve[];
  drawn: readonly DrawnCurve[];
  chart: CurveChart | null;
}) {
  const scene = useScene();
  const runs = [...new Set(curves.map(({ run }) => run))];
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon className="curve-menu" variant="subtle" color="gray" size={20} aria-label={`Menu of ${title}`}>
          <IconDots size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => scene.zoomTo(undefined)}>Whole run</Menu.Item>
        <Menu.Divider />
        <Menu.Item
          disabled={chart === null}
          onClick={() => chart !== null && savePng(title, chart, drawn, scene.tints)}
        >
          Save as PNG
        </Menu.Item>
        <Menu.Item disabled={chart === null} onClick={() => chart !== null && saveSvg(title, chart, drawn, scene)}>
          Save as SVG
        </Menu.Item>
        {runs.map((run) => (
          <Menu.Item key={run} component="a" download href={csvAddress(run, curves, scene)}>
            Save all points as CSV{runs.length > 1 ? ` (${run})` : ""}
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => void navigator.clipboard.writeText(location.href)}>Copy link to this view</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function describe(title: string, curves: readonly CardCurve[]): string {
  const each = curves.slice(0, 8).map(({ label, series }) => {
    const bad = series.nonFinite > 0 ? `, ${plural(series.nonFinite, "value")} not finite` : "";
    return `${label}: ${plural(series.count, "point")}, last ${short(series.lastValue)} at step ${series.lastStep}, minimum ${short(series.min)}, maximum ${short(series.max)}${bad}`;
  });
  return `${title}. ${each.join(". ")}`;
}
