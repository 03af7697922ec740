import { mostBlocks } from "../intervals/blocks.ts";
import type { Measure, SumRows } from "../metric.ts";
import { classTotals, type ClassCodes, type ClassTotals } from "./class-codes.ts";
import { measureOfValue } from "./measure-of-value.ts";

type Stated = Pick<Measure, "name" | "signature" | "better"> & Partial<Pick<Measure, "proportion">>;

/** Numbers kept for a resample, 32 MB of them: with many classes each block would be a long row of zeros. */
const mostNumbers = 4e6;

interface Sums {
  readonly rows: SumRows;
  /** Of the sum that was read last: measures of the same labels share it, so that thousands of resamples make none. */
  readonly totalsOf: (sum: ArrayLike<number>) => ClassTotals;
}

const sumsOfCodes = new WeakMap<ClassCodes, Sums>();

/** A measure that is a function of hits, predictions and right labels per class. */
export function classMeasure(codes: ClassCodes, stated: Stated, of: (totals: ClassTotals) => number): Measure {
  const measure = measureOfValue({ ...stated, n: codes.n, value: (weights) => of(classTotals(codes, weights)) });
  const width = 3 * codes.labels.length + 2;
  if (width * Math.min(codes.counts.length, mostBlocks) > mostNumbers) return measure;
  const { rows, totalsOf } = sumsOfCodes.get(codes) ?? sumsOf(codes, width);
  sumsOfCodes.set(codes, { rows, totalsOf });
  return { ...measure, sums: { rows, value: (sum) => of(totalsOf(sum)) } };
}

/** Behind each other: hits, predicted and right of each class, whether the example counts, whether it has no prediction. */
function sumsOf({ labels, truth, truthStart, predicted, predictedStart, counts }: ClassCodes, width: number): Sums {
  const classes = labels.length;
  const rows: SumRows = {
    width,
    add(example, weight, to, at) {
      if (counts[example] === 0) return;
      const count = (place: number): void => {
        to[at + place] = (to[at + place] ?? 0) + weight;
      };
      const [from, end] = [truthStart[example] ?? 0, truthStart[example + 1] ?? 0];
      const [first, last] = [predictedStart[example] ?? 0, predictedStart[example + 1] ?? 0];
      for (let i = from; i < end; i += 1) count(2 * classes + (truth[i] ?? 0));
      for (let j = first; j < last; j += 1) {
        const code = predicted[j] ?? 0;
        count(classes + code);
        for (let i = from; i < end; i += 1) if (truth[i] === code) count(code);
      }
      count(3 * classes);
      if (first === last) count(3 * classes + 1);
    },
  };
  const [hits, said, right] = [new Float64Array(classes), new Float64Array(classes), new Float64Array(classes)];
  const totalsOf = (sum: ArrayLike<number>): ClassTotals => {
    for (let code = 0; code < classes; code += 1) {
      hits[code] = sum[code] ?? 0;
      said[code] = sum[classes + code] ?? 0;
      right[code] = sum[2 * classes + code] ?? 0;
    }
    const [total, missing] = [sum[3 * classes] ?? 0, sum[3 * classes + 1] ?? 0];
    return { hits, predicted: said, actual: right, total, missing };
  };
  return { rows, totalsOf };
}
