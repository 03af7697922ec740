import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, defineFold } from "../fold.ts";
import { gradNorm } from "./grad-norm.ts";
import { logLines } from "./log-lines.ts";
import { lossScale } from "./loss-scale.ts";

/** How the dynamic loss scale of fp16 training ended. */
export interface LossScaleFall {
  /** Name of the logged scale; null when only overflow lines tell it. */
  readonly series: string | null;
  /** The last fall: first lower row, the scale before it and the last one; null when it is in order. */
  readonly fall: {
    readonly step: number;
    readonly from: number;
    readonly to: number;
    readonly halvings: number;
    readonly atStart: boolean;
  } | null;
  /** The line in which the trainer gives up. */
  readonly exhausted: { readonly step: number | null; readonly message: string } | null;
  /** Last rows in which grad_norm is the very same number, or no number: no update was applied in between. */
  readonly frozenRows: number;
  readonly frozenNorm: number;
}

/**
 * A fall: this many halvings without a rise. The scale finds its place at the start from 2^16 or 2^32 and
 * overflows once per 1,000 to 2,000 steps later, so one or two halvings are everyday. In BLOOM's 104B
 * experiment it halved 15 times and more in a row (bigscience tr8b-104B chronicles).
 */
const fallHalvings = 6;
/** The smallest scale that DeepSpeed and Megatron allow; below it gradients are scaled down, which protects nothing. */
const floor = 1;
/** Rows at one scale after which it has found its place. */
const settledRows = 5;
/** A fall takes at most this many rows per halving; slower ones are single overflows. */
const rowsPerHalving = 4;
const frozenFewest = 3;

export const lossScaleFall = defineFact<LossScaleFall>({
  id: "loss_scale",
  derive(_run, get) {
    const lines = get(logLines);
    const logged = get(lossScale);
    const scale = logged ?? told(lines?.overflows ?? []);
    const exhausted = lines?.scaleExhausted ?? null;
    if (scale === undefined && exhausted === null) return undefined;
    const norms = get(gradNorm);
    let frozenRows = 1;
    const end = (norms?.length ?? 0) - 1;
    while (
      norms !== undefined &&
      frozenRows <= end &&
      Object.is(at(norms.value, end - frozenRows), at(norms.value, end))
    )
      frozenRows += 1;
    return {
      series: logged?.series ?? null,
      fall: scale === undefined ? null : fallOf(scale),
      exhausted: exhausted === null ? null : { step: exhausted.step, message: exhausted.message },
      frozenRows: norms !== undefined && frozenRows >= frozenFewest ? frozenRows : 0,
      frozenNorm: norms === undefined ? Number.NaN : at(norms.value, end),
    };
  },
});

/** The rows at which the scale was lowered since it rose. */
const lowerRows = defineFold<{ readonly since: number[] }>({
  start: () => ({ since: [] }),
  advance(state, { value, length }, from) {
    for (let i = Math.max(1, from); i < length; i++) {
      if (at(value, i) === at(value, i - 1)) continue;
      if (at(value, i - 1) >= at(value, i)) state.since.push(i);
      else state.since.length = 0;
    }
  },
});

function fallOf(scale: Curve): LossScaleFall["fall"] {
  const last = scale.length - 1;
  const to = at(scale.value, last);
  const lower = lowerRows(scale).since;
  // Past falls that had come to rest are not part of the one at the end.
  let next = last + 1;
  let bottom = last;
  for (let k = lower.length - 1; k >= 0; k--) {
    const i = at(lower, k);
    if (at(scale.value, i) > floor && i < last && next - 1 - i >= settledRows) break;
    if (at(scale.value, i) === to) bottom = i;
    next = i;
  }
  const start = next - 1;
  if (start >= last) return null;
  const from = at(scale.value, start);
  const halvings = to > 0 ? Math.round(Math.log2(from / to)) : Number.POSITIVE_INFINITY;
  const atStart = start < settledRows;
  const isAtFloor = to <= floor && from > floor;
  const isFast = bottom - start <= rowsPerHalving * halvings;
  // At the start only the floor tells a collapse from a scale that looks for its place.
  if (halvings < fallHalvings || !(isAtFloor || (isFast && !atStart && last - bottom < settledRows))) return null;
  return { step: at(scale.step, start + 1), from, to, halvings, atStart };
}

/** DeepSpeed and apex say the scale in words: "Attempted loss scale: 65536, reducing to 32768". */
function told(overflows: readonly { readonly step: number | null; readonly message: string }[]): Curve | undefined {
  const rows = overflows.flatMap(({ step, message }) => {
    const to = /(?:reducing to|to|scale(?: is)?:?)\s*([\d.]+(?:e[+-]?\d+)?)\D*$/i.exec(message)?.[1];
    return step === null || to === undefined ? [] : [{ step, value: Number(to) }];
  });
  if (rows.length === 0) return undefined;
  return {
    series: "loss_scale",
    step: Float64Array.from(rows, (row) => row.step),
    time: new Float64Array(rows.length).fill(Number.NaN),
    value: Float64Array.from(rows, (row) => row.value),
    length: rows.length,
  };
}
