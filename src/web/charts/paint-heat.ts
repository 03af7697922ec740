import { elide } from "./elide.ts";
import type { HeatScale, Rgb } from "./heat.ts";

export interface HeatPicture {
  readonly width: number;
  readonly rowHeight: number;
  /** First step of each column, ascending. */
  readonly steps: readonly number[];
  /** Steps at the left and the right edge. */
  readonly range: readonly [number, number];
  readonly rows: readonly {
    readonly values: readonly (number | null)[];
    readonly nonFinite: ReadonlyMap<number, number>;
  }[];
  readonly scale: HeatScale;
  readonly ramp: readonly Rgb[];
  /** Of cells that the scale has no place for: exactly 0 on a logarithm. */
  readonly zero: Rgb;
  readonly bad: string;
  readonly onBad: string;
  /** Small values are the telling ones, so that they win where several columns share a pixel. */
  readonly isLowTelling: boolean;
}

export const xOfStep = ({ range: [from, to], width }: Pick<HeatPicture, "range" | "width">, step: number): number =>
  to > from ? ((step - from) / (to - from)) * width : 0;

/** Where a column ends: at the next one, the last at the edge. */
export const columnEnd = ({ steps, range }: Pick<HeatPicture, "steps" | "range">, column: number): number =>
  steps[column + 1] ?? range[1];

/** Columns that each pixel shows; where several share one, none is dropped. */
function columnsByPixel(picture: HeatPicture, pixels: number): { from: Int32Array; to: Int32Array } {
  const from = new Int32Array(pixels).fill(-1);
  const to = new Int32Array(pixels).fill(-1);
  const perPixel = pixels / picture.width;
  picture.steps.forEach((step, column) => {
    const first = Math.max(0, Math.floor(xOfStep(picture, step) * perPixel));
    const end = Math.ceil(xOfStep(picture, columnEnd(picture, column)) * perPixel);
    for (let pixel = first; pixel < Math.min(pixels, Math.max(first + 1, end)); pixel += 1) {
      if (from[pixel] === -1) from[pixel] = column;
      to[pixel] = column;
    }
  });
  return { from, to };
}

/**
 * Paints the map as one image of a pixel row a layer, stretched to their height: a thousand layers cost no more
 * than their pixels. Cells that are not finite are painted over it, never narrower than can be seen.
 */
export function paintHeat(canvas: HTMLCanvasElement, picture: HeatPicture, ratio: number): void {
  const { rows, width, rowHeight, scale, ramp, zero, bad, isLowTelling } = picture;
  const [pixels, height] = [Math.round(width * ratio), Math.round(rows.length * rowHeight * ratio)];
  canvas.width = Math.max(1, pixels);
  canvas.height = Math.max(1, height);
  const context = canvas.getContext("2d");
  if (context === null || pixels === 0 || rows.length === 0) return;
  const image = new ImageData(pixels, rows.length);
  const { from, to } = columnsByPixel(picture, pixels);
  rows.forEach(({ values }, row) => {
    for (let pixel = 0; pixel < pixels; pixel += 1) {
      let best: number | null = null;
      for (let column = from[pixel] ?? -1; column >= 0 && column <= (to[pixel] ?? -1); column += 1) {
        const value = values[column] ?? null;
        if (value === null) continue;
        if (best === null || (isLowTelling ? value < best : value > best)) best = value;
      }
      if (best === null) continue;
      const place = scale.place(best);
      const [red, green, blue] = Number.isNaN(place) ? zero : (ramp[Math.round(place * (ramp.length - 1))] ?? zero);
      const at = 4 * (row * pixels + pixel);
      image.data[at] = red;
      image.data[at + 1] = green;
      image.data[at + 2] = blue;
      image.data[at + 3] = 255;
    }
  });
  const source = document.createElement("canvas");
  source.width = pixels;
  source.height = rows.length;
  source.getContext("2d")?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(source, 0, 0, pixels, height);
  context.fillStyle = bad;
  rows.forEach(({ nonFinite }, row) => {
    for (const column of nonFinite.keys()) paintBad(context, picture, ratio, row, column);
  });
}

const leastBadWidth = 4;
/** A cross is drawn into cells that have room for it, so that not only the colour says it. */
const crossFrom = 7;

function paintBad(
  context: CanvasRenderingContext2D,
  picture: HeatPicture,
  ratio: number,
  row: number,
  column: number,
): void {
  const { rowHeight, onBad } = picture;
  const x = xOfStep(picture, picture.steps[column] ?? 0);
  const own = xOfStep(picture, columnEnd(picture, column)) - x;
  const isFollowing = picture.rows[row]?.nonFinite.has(column - 1) === true;
  const w = isFollowing ? own : Math.max(leastBadWidth, own);
  const y = row * rowHeight;
  // The first of a stretch is what a person looks for; what follows from it is quieter.
  context.globalAlpha = isFollowing ? 0.5 : 1;
  // Whole pixels, so that neighbours neither overlap nor leave a gap.
  const [left, right] = [Math.round(x * ratio), Math.round((x + w) * ratio)];
  context.fillRect(left, Math.round(y * ratio), Math.max(1, right - left), Math.round(rowHeight * ratio));
  context.globalAlpha = 1;
  if (isFollowing) return;
  if (w < crossFrom || rowHeight < crossFrom) return;
  const arm = Math.min(w, rowHeight, 14) / 2 - 2;
  const [cx, cy] = [x + w / 2, y + rowHeight / 2];
  context.save();
  context.strokeStyle = onBad;
  context.lineWidth = ratio;
  context.beginPath();
  for (const sign of [-1, 1]) {
    context.moveTo((cx - arm) * ratio, (cy - sign * arm) * ratio);
    context.lineTo((cx + arm) * ratio, (cy + sign * arm) * ratio);
  }
  context.stroke();
  context.restore();
}

export interface ProfilePicture {
  readonly width: number;
  readonly rowHeight: number;
  readonly values: readonly (number | null)[];
  readonly bad: readonly boolean[];
  readonly scale: HeatScale;
  readonly bounds: readonly { readonly value: number; readonly word: string }[];
  readonly tints: {
    readonly text: string;
    readonly muted: string;
    readonly line: string;
    readonly accent: string;
    readonly error: string;
    readonly band: string;
  };
}

const margin = 8;

/** One column of the map as a line by depth, with the band or the bounds of the statistic. */
export function paintProfile(canvas: HTMLCanvasElement, picture: ProfilePicture, ratio: number): void {
  const { width, rowHeight, values, bad, scale, bounds, tints } = picture;
  const height = values.length * rowHeight;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  const room = width - 2 * margin;
  const xOf = (value: number): number => margin + scale.place(value) * room;
  if (scale.kind === "band") {
    context.fillStyle = tints.band;
    context.fillRect(xOf(scale.low), 0, xOf(scale.high) - xOf(scale.low), height);
  }
  context.strokeStyle = tints.muted;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  for (const { value } of bounds) {
    const place = scale.place(value);
    // At its end a bound may be beyond the values; there it says nothing.
    if (!(place > 0 && place < 1)) continue;
    context.beginPath();
    context.moveTo(Math.round(margin + place * room) + 0.5, 0);
    context.lineTo(Math.round(margin + place * room) + 0.5, height);
    context.stroke();
  }
  context.setLineDash([]);
  context.strokeStyle = tints.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  let down = false;
  values.forEach((value, row) => {
    const x = value === null ? Number.NaN : xOf(value);
    if (Number.isNaN(x)) {
      down = false;
      return;
    }
    const y = (row + 0.5) * rowHeight;
    if (down) context.lineTo(x, y);
    else context.moveTo(x, y);
    down = true;
  });
  context.stroke();
  if (rowHeight >= 5) {
    context.fillStyle = tints.accent;
    values.forEach((value, row) => {
      const x = value === null ? Number.NaN : xOf(value);
      if (Number.isNaN(x)) return;
      context.beginPath();
      context.arc(x, (row + 0.5) * rowHeight, 2, 0, 2 * Math.PI);
      context.fill();
    });
  }
  context.fillStyle = tints.error;
  bad.forEach((is, row) => {
    if (is) context.fillRect(width - 4, row * rowHeight, 4, Math.max(2, rowHeight - 1));
  });
}

export interface LabelPicture {
  readonly width: number;
  readonly rowHeight: number;
  readonly labels: readonly {
    readonly row: number;
    readonly quiet: string;
    readonly text: string;
    readonly isMarked: boolean;
  }[];
  readonly rows: number;
  readonly font: string;
  readonly tints: { readonly text: string; readonly muted: string; readonly accent: string };
}

/** Names of rows, right-aligned at the map; what does not fit loses its beginning. */
export function paintLabels(canvas: HTMLCanvasElement, picture: LabelPicture, ratio: number): void {
  const { width, rowHeight, labels, rows, font, tints } = picture;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(rows * rowHeight * ratio));
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  context.font = font;
  context.textBaseline = "middle";
  const room = width - 8;
  // The letters are of one width.
  const most = Math.floor(room / Math.max(1, context.measureText("0").width));
  for (const { row, quiet, text, isMarked } of labels) {
    const y = Math.max(7, Math.min(rows * rowHeight - 7, (row + 0.5) * rowHeight));
    const isWhole = quiet.length + text.length <= most;
    const { head, tail } = elide(quiet + text, most);
    const prefix = isWhole ? quiet : quiet === "" ? "" : head;
    const shown = isWhole ? text : quiet === "" ? head + tail : tail;
    const end = context.measureText(shown).width;
    context.textAlign = "right";
    context.fillStyle = isMarked ? tints.accent : tints.text;
    context.fillText(shown, room, y);
    context.fillStyle = tints.muted;
    if (prefix !== "") context.fillText(prefix, room - end, y);
  }
}
