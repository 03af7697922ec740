import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import type { Curve } from "./curve.ts";
import { gradNorm } from "./grad-norm.ts";
import { levelOf } from "./stretch.ts";

/**
 * Whether grad_norm grows like a sum of gradients: from row to row by little, over the first rows by much,
 * and either nearly always upwards, or so smoothly and so far that no row is of its own batch. A single batch's
 * gradient scatters by tens of per cent instead.
 */
export interface GradGrowth {
  readonly isSum: boolean;
  /** Last of the rows that were compared over the first. */
  readonly times: number;
  /** First row at which the norm is `sumTimes` the first. */
  readonly step: number;
  /** Level of the last rows over the first. */
  readonly total: number;
  readonly first: number;
}

/** Rows of the beginning: later on a sum of gradients is thrown about by a model that fell apart. */
const firstRows = 12;
const fewestRows = 6;
const sumTimes = 3;
/** Share of neighbours that must rise. */
const risingShare = 0.75;
/** With Adam the gradients soon point to either side, and their sum goes up in steps: but not by chance of the batch. */
const smoothChange = 0.05;
const smoothTotal = 10;
const fewestSmoothRows = 30;

export const gradGrowth = defineFact<GradGrowth>({
  id: "grad_norm",
  derive(_run, get) {
    const norms = get(gradNorm);
    if (norms === undefined || norms.length < fewestRows) return undefined;
    const count = Math.min(firstRows, norms.length);
    let rising = 0;
    for (let i = 1; i < count; i++) if (at(norms.value, i) > at(norms.value, i - 1)) rising += 1;
    const times = at(norms.value, count - 1) / at(norms.value, 0);
    let row = 0;
    while (row < count - 1 && at(norms.value, row) < sumTimes * at(norms.value, 0)) row += 1;
    const total = levelOf(norms.value, norms.length - 10, norms.length) / at(norms.value, 0);
    return {
      total,
      first: at(norms.value, 0),
      step: at(norms.step, row),
      times,
      // Every row is looked at only where the norm grew: in nearly all runs it did not.
      isSum: times >= sumTimes && (rising >= risingShare * (count - 1) || (total >= smoothTotal && isSmooth(norms))),
    };
  },
});

/** Whether neighbouring rows hardly differ, the beginning apart. */
function isSmooth({ value, length }: Curve): boolean {
  if (length - firstRows < fewestSmoothRows) return false;
  const changes = new Float64Array(length - firstRows);
  for (let i = firstRows; i < length; i++) changes[i - firstRows] = Math.abs(Math.log(at(value, i) / at(value, i - 1)));
  return median(changes) <= smoothChange;
}
