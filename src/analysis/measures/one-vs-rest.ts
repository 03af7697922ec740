import type { Example, Task } from "../../model/example.ts";
import type { Measure, MetricOptions, NotMeasurable, Weights } from "../metric.ts";
import { classScores } from "./class-scores.ts";
import { sortedLabels } from "./labels.ts";
import { measureOfValue } from "./measure-of-value.ts";
import { thresholdCurve, type ThresholdCurve } from "./threshold-curve.ts";

type Given = { readonly task: Task; readonly options: MetricOptions };

/** A number of a threshold curve: of the positive class, or the mean over the classes, each against all others. */
export function oneVsRest(
  name: "roc_auc" | "average_precision",
  examples: readonly Example[],
  { task, options }: Given,
): readonly Measure[] | NotMeasurable {
  const curves = task === "multilabel" ? curvesOfSets(examples) : curvesOfClasses(examples, options.positive);
  if ("missing" in curves) return curves;
  const area = (curve: ThresholdCurve, weights: Weights | null): number =>
    name === "roc_auc" ? curve.rocAuc(weights) : curve.averagePrecision(weights);
  const whole = curves.list.filter((curve) => curves.list.length === 1 || !Number.isNaN(curve.rocAuc(null)));
  const value = (weights: Weights | null): number => {
    const areas = whole.map((curve) => area(curve, weights)).filter((each) => !Number.isNaN(each));
    return areas.reduce((sum, each) => sum + each, 0) / areas.length;
  };
  const signature = `${name}|${curves.protocol}|${name === "roc_auc" ? "ties:trapezoid" : "interpolation:none"}`;
  return [measureOfValue({ name, signature, better: "higher", n: curves.n, value })];
}

interface Curves {
  readonly list: readonly ThresholdCurve[];
  readonly protocol: string;
  readonly n: number;
}

function curvesOfClasses(examples: readonly Example[], wanted: string | null): Curves | NotMeasurable {
  const scores = classScores(examples, wanted);
  if ("missing" in scores) return scores;
  const { truth, labels, positive, n } = scores;
  const members = [...truth.keys()].filter((index) => truth[index] !== null);
  const curve = (label: string): ThresholdCurve =>
    thresholdCurve(
      members,
      (index) => scores.score(index, label),
      (index) => truth[index] === label,
    );
  return positive === null
    ? { list: labels.map(curve), protocol: "classes:one against the rest|average:macro", n }
    : { list: [curve(positive)], protocol: `positive:${positive}`, n };
}

function curvesOfSets(examples: readonly Example[]): Curves | NotMeasurable {
  const members = [...examples.keys()].filter((index) => {
    const example = examples[index];
    return example !== undefined && example.references.length > 0 && (example.scores?.size ?? 0) > 0;
  });
  if (members.length === 0) return { missing: ["references", "scores (of each label)"] };
  const seen = new Set<string>();
  for (const index of members) {
    for (const label of examples[index]?.references ?? []) seen.add(label);
    for (const label of examples[index]?.scores?.keys() ?? []) seen.add(label);
  }
  const list = sortedLabels(seen).map((label) => {
    const scored = members.filter((index) => !Number.isNaN(examples[index]?.scores?.get(label) ?? Number.NaN));
    return thresholdCurve(
      scored,
      (index) => examples[index]?.scores?.get(label) ?? 0,
      (index) => examples[index]?.references.includes(label) ?? false,
    );
  });
  return { list, protocol: "labels:each|average:macro", n: members.length };
}
