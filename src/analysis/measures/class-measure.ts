import type { Measure } from "../metric.ts";
import { classTotals, type ClassCodes, type ClassTotals } from "./class-codes.ts";
import { measureOfValue } from "./measure-of-value.ts";

type Stated = Pick<Measure, "name" | "signature" | "better"> & Partial<Pick<Measure, "proportion">>;

/** Numbers kept for a resample, 32 MB of them: with many classes each example would be a long row of zeros. */
const mostNumbers = 4e6;

const rowsOfCodes = new WeakMap<ClassCodes, Float64Array>();

/** A measure that is a function of hits, predictions and right labels per class. */
export function classMeasure(codes: ClassCodes, stated: Stated, of: (totals: ClassTotals) => number): Measure {
  const measure = measureOfValue({ ...stated, n: codes.n, value: (weights) => of(classTotals(codes, weights)) });
  const classes = codes.labels.length;
  const width = 3 * classes + 2;
  if (width * codes.counts.length > mostNumbers) return measure;
  const rows = rowsOfCodes.get(codes) ?? rowsOf(codes, width);
  rowsOfCodes.set(codes, rows);
  return { ...measure, sums: { width, rows, value: (sum) => of(totalsOf(sum, classes)) } };
}

/** Behind each other: hits, predicted and right of each class, whether the example counts, whether it has no prediction. */
function rowsOf(
  { labels, truth, truthStart, predicted, predictedStart, counts }: ClassCodes,
  width: number,
): Float64Array {
  const classes = labels.length;
  const rows = new Float64Array(counts.length * width);
  counts.forEach((isCounted, example) => {
    if (isCounted === 0) return;
    const row = rows.subarray(example * width, (example + 1) * width);
    const right = truth.subarray(truthStart[example], truthStart[example + 1]);
    const said = predicted.subarray(predictedStart[example], predictedStart[example + 1]);
    for (const code of right) row[2 * classes + code] = 1;
    for (const code of said) {
      row[classes + code] = 1;
      if (right.includes(code)) row[code] = 1;
    }
    row[3 * classes] = 1;
    row[3 * classes + 1] = said.length === 0 ? 1 : 0;
  });
  return rows;
}

function totalsOf(sum: ArrayLike<number>, classes: number): ClassTotals {
  const part = (from: number): Float64Array =>
    Float64Array.from({ length: classes }, (_, code) => sum[from + code] ?? 0);
  return {
    hits: part(0),
    predicted: part(classes),
    actual: part(2 * classes),
    total: sum[3 * classes] ?? 0,
    missing: sum[3 * classes + 1] ?? 0,
  };
}
