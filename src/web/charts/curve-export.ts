import { getPoints } from "../../api/points.ts";
import { addressOf } from "../data/call.ts";
import { short } from "../format/number.ts";
import type { CardCurve } from "./curve-card.tsx";
import type { CurveChart } from "./curve.ts";
import { paint, type DrawnCurve, type Tints } from "./paint.ts";
import { escapeXml, svgPen } from "./pen.ts";
import type { Scene } from "./scene.ts";
import { logTicks, ticks } from "./ticks.ts";

/** Raw points of the curves of one run in the range in view, as the server writes them. */
export function csvAddress(run: string, curves: readonly CardCurve[], scene: Scene): string {
  const { zoom } = scene;
  const axis = scene.axisOf(run);
  // The endpoint takes steps; a zoom on a time axis exports the whole run rather than a wrong part.
  const range =
    zoom === undefined || axis.query === "time"
      ? {}
      : { fromStep: Math.floor(axis.toQuery(zoom.from)), toStep: Math.ceil(axis.toQuery(zoom.to)) };
  const series = curves.filter((curve) => curve.run === run).map((curve) => curve.series.id);
  return addressOf(getPoints.path, {
    params: { run },
    query: { series, ...range, format: "csv", limit: 1_000_000 },
  });
}

const heading = 30;

/** The chart as it is on the page, with its title, on an opaque background. */
export function savePng(title: string, chart: CurveChart, drawn: readonly DrawnCurve[], tints: Tints): void {
  const source = chart.canvas;
  const ratio = window.devicePixelRatio;
  const canvas = document.createElement("canvas");
  const rows = legendRows(drawn);
  canvas.width = source.width;
  canvas.height = source.height + (heading + rows.length * 18) * ratio;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(ratio, ratio);
  context.fillStyle = tints.text;
  context.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
  context.fillText(title, 12, 20);
  context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  rows.forEach(({ label, ink }, i) => {
    context.fillStyle = ink.colour;
    context.fillRect(12, heading + i * 18, 12, 3);
    context.fillStyle = tints.text;
    context.fillText(label, 30, heading + i * 18 + 6);
  });
  context.resetTransform();
  context.drawImage(source, 0, (heading + rows.length * 18) * ratio);
  canvas.toBlob((blob) => blob !== null && download(blob, `${fileName(title)}.png`), "image/png");
}

export function saveSvg(title: string, chart: CurveChart, drawn: readonly DrawnCurve[], scene: Scene): void {
  const { width, height } = chart.plot;
  const text = svgFigure(title, { width, height, yRange: chart.yRange }, drawn, scene);
  download(new Blob([text], { type: "image/svg+xml" }), `${fileName(title)}.svg`);
}

export type FigureScene = Pick<Scene, "axis" | "range" | "logX" | "logY" | "smoothing" | "tints">;

export function svgFigure(
  title: string,
  plot: { readonly width: number; readonly height: number; readonly yRange: readonly [number, number] },
  drawn: readonly DrawnCurve[],
  { axis, range, logX, logY, smoothing, tints }: FigureScene,
): string {
  const rows = legendRows(drawn);
  const [left, top, bottom, right] = [60, heading + rows.length * 18 + 8, 40, 16];
  const { width, height, yRange } = plot;
  const firstX = logX && range[0] <= 0 ? 1 : range[0];
  const place = {
    x: scale(firstX, range[1], left, left + width, logX),
    y: scale(yRange[0], yRange[1], top + height, top, logY),
    left,
    top,
    width,
    height,
    ratio: 1,
  };
  const pen = svgPen();
  const label = { colour: tints.muted, size: 11 };
  for (const y of logY ? logTicks(...yRange) : ticks(yRange[0], yRange[1], height / 32)) {
    pen.line([left, left + width], [place.y(y), place.y(y)], { colour: tints.line, dash: [], width: 1, alpha: 1 });
    pen.text(left - 6, place.y(y), short(y), { ...label, align: "end" });
  }
  for (const x of logX ? logTicks(firstX, range[1]) : ticks(range[0], range[1], width / 90))
    pen.text(place.x(x), top + height + 14, axis.text(x), { ...label, align: "center" });
  pen.text(left + width / 2, top + height + 30, axis.label, { ...label, align: "center" });
  pen.text(12, 18, title, { colour: tints.text, size: 13, align: "start" });
  rows.forEach((curve, i) => {
    const y = heading + 4 + i * 18;
    pen.line([12, 26], [y, y], { ...curve.ink, width: 2, alpha: 1 });
    pen.text(32, y, curve.label, { colour: tints.text, size: 12, align: "start" });
  });
  const before = pen.parts.length;
  paint(pen, place, { curves: drawn, smoothing: smoothing > 0, tints });
  const [total, tall] = [left + width + right, top + height + bottom];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${total}" height="${tall}" viewBox="0 0 ${total} ${tall}" font-family="Helvetica, Arial, sans-serif">`,
    `<title>${escapeXml(title)}</title>`,
    `<clipPath id="plot"><rect x="${left}" y="${top - 2}" width="${width}" height="${height + 4}"/></clipPath>`,
    ...pen.parts.slice(0, before),
    `<g clip-path="url(#plot)">`,
    ...pen.parts.slice(before),
    "</g></svg>",
  ].join("\n");
}

const legendRows = (drawn: readonly DrawnCurve[]): readonly DrawnCurve[] => (drawn.length > 1 ? drawn : []);

function scale(from: number, to: number, low: number, high: number, log: boolean): (value: number) => number {
  const of = log ? Math.log10 : (value: number): number => value;
  return (value) => low + ((of(value) - of(from)) / (of(to) - of(from))) * (high - low);
}

const fileName = (title: string): string => title.replaceAll(/[^\w.-]+/g, "_").slice(0, 80) || "figure";

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
