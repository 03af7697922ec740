import type { Example } from "../../model/example.ts";
import type { NotMeasurable } from "../metric.ts";

/** Right and predicted numbers, both NaN where an example does not count. */
export interface Quantities {
  readonly truth: Float64Array;
  readonly predicted: Float64Array;
  readonly n: number;
}

const numberOf = (text: string): number => {
  const trimmed = text.trim();
  if (/^[+-]?inf(?:inity)?$/i.test(trimmed)) return trimmed.startsWith("-") ? -Infinity : Infinity;
  return trimmed === "" ? Number.NaN : Number(trimmed);
};

/** Of several right numbers the nearest one counts. */
export function quantities(examples: readonly Example[]): Quantities | NotMeasurable {
  const truth = new Float64Array(examples.length).fill(Number.NaN);
  const predicted = new Float64Array(examples.length).fill(Number.NaN);
  let n = 0;
  examples.forEach(({ prediction, references }, index) => {
    const said = typeof prediction === "string" ? numberOf(prediction) : Number.NaN;
    const right = references.map(numberOf).filter((number) => !Number.isNaN(number));
    const nearest = right.reduce(
      (best, each) => (Math.abs(each - said) < Math.abs(best - said) ? each : best),
      right[0] ?? Number.NaN,
    );
    if (Number.isNaN(said) || Number.isNaN(nearest)) return;
    truth[index] = nearest;
    predicted[index] = said;
    n += 1;
  });
  if (n > 0) return { truth, predicted, n };
  const hasReferences = examples.some(({ references }) => references.some((text) => !Number.isNaN(numberOf(text))));
  return { missing: [hasReferences ? "predictions that are numbers" : "references that are numbers"] };
}

/** Absolute difference of each example. */
export const absoluteErrors = ({ truth, predicted }: Quantities): Float64Array =>
  truth.map((right, index) => Math.abs(right - (predicted[index] ?? Number.NaN)));
