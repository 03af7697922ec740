/** Curves as a small SVG that reads in light and dark: a run that fires beside the nearest one that is innocent. */

export interface DrawnCurve {
  readonly label: string;
  readonly step: ArrayLike<number>;
  readonly value: ArrayLike<number>;
  /** Others are drawn thin and grey. */
  readonly isMain: boolean;
}

export interface Panel {
  readonly title: string;
  readonly caption: string;
  readonly curves: readonly DrawnCurve[];
  readonly flag: { readonly step: number; readonly text: string } | undefined;
}

const width = 360;
const height = 230;
const plot = { left: 52, right: 12, top: 40, bottom: 62 } as const;

const escape = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c);

const style = `text{font:11px system-ui,sans-serif;fill:#57606a}.t{font-weight:600;font-size:12px;fill:#1f2328}.a{stroke:#d0d7de}.m{fill:none;stroke:#0969da;stroke-width:1.4}.o{fill:none;stroke:#8c959f;stroke-width:.7;opacity:.6}.f{stroke:#cf222e;stroke-dasharray:3 2}.ft{fill:#cf222e}.x{stroke:#cf222e;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.t{fill:#f0f6fc}.a{stroke:#3d444d}.m{stroke:#4493f8}.f,.x{stroke:#ff7b72}.ft{fill:#ff7b72}}`;

export function picture(label: string, panels: readonly Panel[]): string {
  const all = panels.map((panel, i) => `<g transform="translate(${i * (width + 16)} 0)">${panelSvg(panel)}</g>`);
  const total = panels.length * (width + 16) - 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total} ${height}" width="${total}" height="${height}" role="img" aria-label="${escape(label)}"><style>${style}</style>${all.join("")}</svg>\n`;
}

function panelSvg({ title, caption, curves, flag }: Panel): string {
  const finite = curves.flatMap(({ value }) => Array.from(value).filter((v) => Number.isFinite(v)));
  const steps = curves.flatMap(({ step }) => Array.from(step));
  const [low, high] = extent(finite);
  // Decades that lie far apart show nothing on a linear axis.
  const isLog = low > 0 && high / low > 50;
  const scale = (value: number): number => (isLog ? Math.log10(value) : value);
  const [from, to] = padded(scale(low), scale(high));
  const [first, last] = extent(steps);
  const x = (step: number): number =>
    plot.left + ((step - first) / Math.max(1e-9, last - first)) * (width - plot.left - plot.right);
  const y = (value: number): number =>
    height - plot.bottom - ((scale(value) - from) / (to - from)) * (height - plot.top - plot.bottom);
  const ticks = isLog
    ? decades(from, to).map((power) => 10 ** power)
    : [0, 0.5, 1].map((share) => from + share * (to - from));
  const grid = ticks
    .map(
      (tick) =>
        `<line class="a" x1="${plot.left}" x2="${width - plot.right}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}"/><text x="${plot.left - 5}" y="${fixed(y(tick) + 4)}" text-anchor="end">${say(tick)}</text>`,
    )
    .join("");
  const bottom = height - plot.bottom;
  const axis = [first, last]
    .map(
      (step, i) =>
        `<text x="${fixed(x(step))}" y="${bottom + 14}" text-anchor="${i === 0 ? "start" : "end"}">${say(step)}</text>`,
    )
    .join("");
  const ordered = curves.toSorted((a, b) => Number(a.isMain) - Number(b.isMain));
  const lines = ordered.map((curve) => curveSvg(curve, x, y, bottom)).join("");
  const mark =
    flag === undefined
      ? ""
      : `<line class="f" x1="${fixed(x(flag.step))}" x2="${fixed(x(flag.step))}" y1="${plot.top - 8}" y2="${bottom}"/><text class="ft" x="${fixed(x(flag.step) + (isRight(x(flag.step)) ? -4 : 4))}" y="${plot.top - 2}" text-anchor="${isRight(x(flag.step)) ? "end" : "start"}">${escape(flag.text)}</text>`;
  const main = curves.find(({ isMain }) => isMain);
  const words = wrapped(caption, 62).map((line, i) => `<text x="0" y="${bottom + 30 + i * 14}">${escape(line)}</text>`);
  return `<text class="t" x="0" y="12">${escape(title)}</text><text x="${plot.left}" y="26">${escape(main?.label ?? "")}</text>${grid}${axis}${lines}${mark}${words.join("")}`;
}

const isRight = (x: number): boolean => x > width * 0.7;

/** The smallest and largest value of each pixel column, so that a single-step spike is drawn; NaN as a cross at the top. */
function curveSvg(
  curve: DrawnCurve,
  x: (step: number) => number,
  y: (value: number) => number,
  bottom: number,
): string {
  const columns = new Map<number, { low: number; high: number; first: number; last: number }>();
  const lost = new Set<number>();
  for (let i = 0; i < curve.step.length; i++) {
    const step = curve.step[i] ?? Number.NaN;
    const value = curve.value[i] ?? Number.NaN;
    const column = Math.round(x(step) * 2) / 2;
    const height = Number.isFinite(value) ? Math.min(bottom, y(value)) : Number.NaN;
    if (!Number.isFinite(height)) {
      lost.add(column);
      continue;
    }
    const known = columns.get(column);
    if (known === undefined) columns.set(column, { low: height, high: height, first: height, last: height });
    else {
      known.low = Math.min(known.low, height);
      known.high = Math.max(known.high, height);
      known.last = height;
    }
  }
  const points = [...columns]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([column, { first, low, high, last }]) =>
      [first, ...(low === high ? [] : [low, high]), last].map((height) => `${fixed(column)},${fixed(height)}`),
    )
    .filter((point, i, all) => point !== all[i - 1]);
  const crosses = curve.isMain
    ? [...lost].map((column) => {
        const at = fixed(column);
        return `<path class="x" d="M${at} ${plot.top + 2}m-3 -3l6 6m0 -6l-6 6"/>`;
      })
    : [];
  return `<polyline class="${curve.isMain ? "m" : "o"}" points="${points.join(" ")}"/>${crosses.join("")}`;
}

function extent(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 1] : [low, high];
}

const padded = (from: number, to: number): readonly [number, number] => {
  const margin = Math.max((to - from) * 0.05, Math.abs(to) * 1e-3, 1e-12);
  return [from - margin, to + margin];
};

function decades(from: number, to: number): number[] {
  const all: number[] = [];
  for (let power = Math.ceil(from); power <= Math.floor(to); power++) all.push(power);
  const stride = Math.ceil(all.length / 4);
  return all.filter((_, i) => i % stride === 0);
}

const fixed = (value: number): string => String(Math.round(value * 10) / 10);

function say(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(0).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 1 <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
