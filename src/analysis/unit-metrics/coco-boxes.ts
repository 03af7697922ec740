import type { Detections } from "../../model/detection.ts";
import { averagePrecisionAt, averagePrecisionOfImages, recallAt } from "../measures/coco-accumulation.ts";
import {
  boxesByCategory,
  matchCategory,
  overlapThresholds,
  type Area,
  type CategoryMatches,
} from "../measures/coco-matching.ts";
import { measureOfValue } from "../measures/measure-of-value.ts";
import type { Measure, Weights } from "../metric.ts";
import type { UnitMetric } from "../unit-metric.ts";

const areaNames: readonly Area[] = ["all", "small", "medium", "large"];
const allBits: readonly number[] = [...overlapThresholds.keys()];

interface Summary {
  readonly name: string;
  readonly kind: "precision" | "recall";
  readonly area: Area;
  /** Thresholds, as places in the list of ten. */
  readonly bits: readonly number[];
  readonly most: number;
}

/** The twelve numbers, in COCO's order. */
const summaries: readonly Summary[] = [
  { name: "AP", kind: "precision", area: "all", bits: allBits, most: 100 },
  { name: "AP50", kind: "precision", area: "all", bits: [0], most: 100 },
  { name: "AP75", kind: "precision", area: "all", bits: [5], most: 100 },
  { name: "APs", kind: "precision", area: "small", bits: allBits, most: 100 },
  { name: "APm", kind: "precision", area: "medium", bits: allBits, most: 100 },
  { name: "APl", kind: "precision", area: "large", bits: allBits, most: 100 },
  { name: "AR1", kind: "recall", area: "all", bits: allBits, most: 1 },
  { name: "AR10", kind: "recall", area: "all", bits: allBits, most: 10 },
  { name: "AR100", kind: "recall", area: "all", bits: allBits, most: 100 },
  { name: "ARs", kind: "recall", area: "small", bits: allBits, most: 100 },
  { name: "ARm", kind: "recall", area: "medium", bits: allBits, most: 100 },
  { name: "ARl", kind: "recall", area: "large", bits: allBits, most: 100 },
];

/** Over categories and thresholds, without categories of which nothing is to be found. */
function summarise(
  { kind, bits, most }: Summary,
  categories: readonly CategoryMatches[],
  weights: Weights | null,
): number {
  let sum = 0;
  let count = 0;
  for (const matches of categories)
    for (const bit of bits) {
      const value =
        kind === "precision" ? averagePrecisionAt(matches, bit, weights) : recallAt(matches, bit, { most, weights });
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
  return sum / count;
}

export const cocoBoxes: UnitMetric<Detections> = {
  id: "coco-boxes",
  title: "COCO's average precision and recall of boxes",
  names: summaries.map(({ name }) => name),
  task: "detection",
  range: [0, 1],
  source: "pycocotools COCOeval, iouType bbox",
  measure(detections) {
    const { units } = detections;
    if (!units.some(({ truth }) => truth.length > 0)) return { missing: ["annotations (true boxes)"] };
    const boxes = [...boxesByCategory(detections).values()];
    const matches = new Map(
      areaNames.map((area) => [area, boxes.map((own) => matchCategory(own, units.length, area))]),
    );
    return summaries.map((summary): Measure => {
      const { name, kind, area, bits, most } = summary;
      const own = matches.get(area) ?? [];
      const isOfWhole = kind === "precision" && area === "all";
      const overlap = bits.length === 1 ? `${(overlapThresholds[bits[0] ?? 0] ?? 0).toFixed(2)}` : "0.50:0.95";
      return measureOfValue({
        name,
        signature: `${name}|IoU:${overlap}|area:${area}|maxDets:${most}|recalls:101`,
        better: "higher",
        n: units.length,
        errors: isOfWhole ? averagePrecisionOfImages(own, bits, units.length).map((value) => 1 - value) : null,
        value: (weights) => summarise(summary, own, weights),
      });
    });
  },
};
