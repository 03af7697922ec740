import type { Condition, Evaluation, MetricValue, Slice } from "../../model/evaluation.ts";
import { fromWire, type WireNumber } from "../../model/number.ts";
import { grouped, plural, short } from "./number.ts";
import type { Verdict } from "./verdict.ts";

/** "input length in words is 40 or more and negation is yes" */
export const ruleText = (where: readonly Condition[]): string =>
  where.map(({ attribute, value }) => `${attribute} is ${value === null ? "missing" : String(value)}`).join(" and ");

/** Errors that are shares read as percentages, all others as they are. */
export const isShareOf = ({ errors, metrics }: Evaluation): boolean => {
  const metric = metrics.find(({ name }) => name === errors.measuredBy);
  return metric === undefined || !/^(mae|rmse|perplexity|bits_per_byte|wer|cer|ter)$/.test(metric.name);
};

export function errorText(value: number | WireNumber, isShare: boolean): string {
  const number = fromWire(value) ?? Number.NaN;
  if (!isShare || !Number.isFinite(number)) return short(value);
  const percent = number * 100;
  return `${Number(percent.toPrecision(percent >= 10 ? 3 : 2))}\u00a0%`;
}

/** 0.874 with its interval, [0.86, 0.89]; without one where there is none. */
export const intervalText = ({ low, high }: Pick<MetricValue, "low" | "high">): string =>
  low === null || high === null ? "" : `[${short(low)}, ${short(high)}]`;

export interface EvaluationVerdict {
  readonly verdict: Verdict;
  readonly sentence: string;
}

const worstOf = (slices: readonly Slice[]): Slice | undefined => slices[0];

/** The sentence on which the page of an evaluation opens: faults of the data before those of the model. */
export function evaluationVerdict(evaluation: Evaluation): EvaluationVerdict {
  const { n, errors, metrics, slices, dataFaults } = evaluation;
  const main = metrics.find(({ name }) => name === errors.measuredBy) ?? metrics[0];
  if (main === undefined)
    return { verdict: "unknown", sentence: `None of the metrics could be computed on ${plural(n, "example")}.` };
  const score = `${main.name} is ${short(main.value)} ${intervalText(main)}`.trimEnd();
  const worst = worstOf(slices);
  const isShare = isShareOf(evaluation);
  const where =
    worst === undefined
      ? ""
      : `, and worst where ${ruleText(worst.where)}: error ${errorText(worst.error, isShare)} there, ${errorText(worst.baseline, isShare)} elsewhere`;
  const [fault] = dataFaults.filter(({ severity }) => severity === "error");
  if (fault !== undefined)
    return {
      verdict: "error",
      sentence: `${fault.title}: look at the data first. On ${grouped(n)} examples ${score}${where}.`,
    };
  return {
    verdict: worst !== undefined || dataFaults.some(({ severity }) => severity === "warning") ? "warning" : "healthy",
    sentence: `On ${plural(n, "example")} ${score}${where}.`,
  };
}
