import type { Example, Task } from "../../model/example.ts";
import type { Measure, MetricOptions, NotMeasurable } from "../metric.ts";
import { classCodes, classTotals, type ClassCodes, type ClassTotals } from "./class-codes.ts";
import { classMeasure } from "./class-measure.ts";
import { positiveLabel } from "./labels.ts";
import { measureOfMean } from "./sums.ts";

/** A score of one class; 0/0 is 0, as scikit-learn's `zero_division` has it by default. */
export interface ClassScore {
  readonly name: "precision" | "recall" | "f1";
  readonly value: (hits: number, predicted: number, actual: number) => number;
  /** Where it is a share of something: of what is predicted, of what is right. */
  readonly shareOf: "predicted" | "actual" | null;
}

export const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

export const averageNames = (name: ClassScore["name"]): readonly string[] =>
  ["", "_macro", "_micro", "_weighted", "_samples"].map((suffix) => `${name}${suffix}`);

/** The averages of scikit-learn: of the positive class, over classes, over decisions, by support, and over examples. */
export function averages(
  score: ClassScore,
  examples: readonly Example[],
  { task, options }: { readonly task: Task; readonly options: MetricOptions },
): readonly Measure[] | NotMeasurable {
  const codes = classCodes(examples, task);
  if (codes.n === 0) return { missing: ["references"] };
  const over = (average: keyof typeof aggregate): Measure =>
    classMeasure(
      codes,
      {
        name: `${score.name}_${average}`,
        signature: `${score.name}|average:${average}|zero:0|missing:wrong`,
        better: "higher",
      },
      (sums) => aggregate[average](score, sums),
    );
  const all = [over("macro"), over("micro"), over("weighted")];
  if (task === "multilabel") return [...all, perExample(score, codes)];
  const binary = ofPositive(score, codes, options.positive);
  return binary === null ? all : [binary, ...all];
}

function ofPositive(score: ClassScore, codes: ClassCodes, wanted: string | null): Measure | null {
  const totals = classTotals(codes, null);
  const label = positiveLabel(new Map(codes.labels.map((name, code) => [name, totals.actual[code] ?? 0])), wanted);
  if (label === null) return null;
  const code = codes.labels.indexOf(label);
  const of = ({ hits, predicted, actual }: ClassTotals): number =>
    score.value(hits[code] ?? 0, predicted[code] ?? 0, actual[code] ?? 0);
  const whole = score.shareOf === null ? 0 : (totals[score.shareOf][code] ?? 0);
  return classMeasure(
    codes,
    {
      name: score.name,
      signature: `${score.name}|average:binary|positive:${label}|zero:0|missing:wrong`,
      better: "higher",
      proportion: whole === 0 ? null : { successes: totals.hits[code] ?? 0, n: whole },
    },
    of,
  );
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

/** Over the classes that occur, as right ones or as predicted ones. */
const aggregate = {
  macro(score: ClassScore, { hits, predicted, actual }: ClassTotals): number {
    let total = 0;
    let classes = 0;
    hits.forEach((hit, code) => {
      const [said, right] = [predicted[code] ?? 0, actual[code] ?? 0];
      if (said + right === 0) return;
      classes += 1;
      total += score.value(hit, said, right);
    });
    return total / classes;
  },
  micro: (score: ClassScore, { hits, predicted, actual }: ClassTotals): number =>
    sum(actual) === 0 ? Number.NaN : score.value(sum(hits), sum(predicted), sum(actual)),
  weighted(score: ClassScore, { hits, predicted, actual }: ClassTotals): number {
    let total = 0;
    hits.forEach((hit, code) => {
      total += (actual[code] ?? 0) * score.value(hit, predicted[code] ?? 0, actual[code] ?? 0);
    });
    return total / sum(actual);
  },
};

/** The mean over examples, for sets of labels. */
function perExample(score: ClassScore, codes: ClassCodes): Measure {
  const { truth, truthStart, predicted, predictedStart, counts } = codes;
  const values = Float64Array.from(counts, (isCounted, index) => {
    if (isCounted === 0) return Number.NaN;
    const right = truth.subarray(truthStart[index], truthStart[index + 1]);
    const said = predicted.subarray(predictedStart[index], predictedStart[index + 1]);
    return score.value(said.filter((code) => right.includes(code)).length, said.length, right.length);
  });
  const signature = `${score.name}|average:samples|zero:0|missing:wrong`;
  return measureOfMean({ name: `${score.name}_samples`, signature, better: "higher" }, values, (value) => 1 - value);
}
