import { cocoBoxes } from "./coco-boxes.ts";
import { coverageAtK } from "./coverage-at-k.ts";
import { giniAtK } from "./gini-at-k.ts";
import { hitRateAtK } from "./hit-rate-at-k.ts";
import { mapAtK } from "./map-at-k.ts";
import { mrrAtK } from "./mrr-at-k.ts";
import { ndcgAtK } from "./ndcg-at-k.ts";
import { noveltyAtK } from "./novelty-at-k.ts";
import { popularityAtK } from "./popularity-at-k.ts";
import { precisionAtK } from "./precision-at-k.ts";
import { recallAtK } from "./recall-at-k.ts";
import { temporalMap } from "./temporal-map.ts";
import { tide } from "./tide.ts";
import type { Detections } from "../../model/detection.ts";
import type { Rankings } from "../../model/ranking.ts";
import type { TemporalDetections } from "../../model/temporal-detection.ts";
import type { UnitMetric } from "../unit-metric.ts";

/** In the order in which they are printed. A test compares these lists with the folder. */
export const rankingMetrics: readonly UnitMetric<Rankings>[] = [
  precisionAtK,
  recallAtK,
  hitRateAtK,
  mrrAtK,
  mapAtK,
  ndcgAtK,
  coverageAtK,
  giniAtK,
  popularityAtK,
  noveltyAtK,
];

export const detectionMetrics: readonly UnitMetric<Detections>[] = [cocoBoxes, tide];

export const temporalMetrics: readonly UnitMetric<TemporalDetections>[] = [temporalMap];
