import { numberOf } from "../number-text.ts";

/** One drawing of a tqdm progress bar. */
export interface BarFrame {
  readonly description: string;
  readonly done: number;
  readonly total: number;
  /** Units per second; undefined while tqdm shows `?`. */
  readonly rate: number | undefined;
  /** `it` unless the program named it. */
  readonly unit: string;
  /** `key=value` texts behind the speed. */
  readonly postfix: string;
}

// `description:  31%|███▏      | 10/32 [00:10<00:20,  1.05it/s, loss=0.5]`, from tqdm's format_meter
// (tqdm/std.py: l_bar, bar, r_bar). The postfix may hold one level of brackets.
const frame =
  /^(?:(.*?):)? *(\d{1,3})%\|([^|]*)\| *([\d.]+)([kMGT]?)i?\/([\d.]+)([kMGT]?)i?\w{0,8} \[([\d:]+)<([^,\]]*)(?:, +([\d.?]+) ?([^\s,\]]+))?(?:, ((?:[^[\]]|\[[^\]]*\])*))?\]/;

const scales: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["k", 1e3],
  ["M", 1e6],
  ["G", 1e9],
  ["T", 1e12],
]);

/** The bar that a line begins with, and what was printed behind it on the same line. */
export function readBar(text: string): { bar: BarFrame; rest: string } | undefined {
  if (!text.includes("%|")) return undefined;
  const match = frame.exec(text.length > 4_096 ? text.slice(0, 4_096) : text);
  if (match === null) return undefined;
  const [whole, description = "", , , done = "", doneScale = "", total = "", totalScale = "", , , speed, unit = ""] =
    match;
  const perUnit = unit.startsWith("s/");
  const number = speed === undefined ? undefined : numberOf(speed);
  const rate = number === undefined || number === 0 ? undefined : perUnit ? 1 / number : number;
  return {
    bar: {
      description: description.trim(),
      done: Number(done) * (scales.get(doneScale) ?? 1),
      total: Number(total) * (scales.get(totalScale) ?? 1),
      rate,
      unit: unit.replace(/^s\/|\/s$/, ""),
      postfix: match[12] ?? "",
    },
    rest: text.slice(whole.length),
  };
}
