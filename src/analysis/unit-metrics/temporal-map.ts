import type { TemporalDetections } from "../../model/temporal-detection.ts";
import { measureOfValue } from "../measures/measure-of-value.ts";
import { matchLabel, temporalPrecision, temporalThresholds, type LabelMatches } from "../measures/temporal-matching.ts";
import type { Weights } from "../metric.ts";
import type { UnitMetric } from "../unit-metric.ts";

const all: readonly number[] = [...temporalThresholds.keys()];

/** The mean that ActivityNet ranks by, and the three thresholds that are printed beside it. */
const summaries = [
  { name: "temporal_map", bits: all, overlap: "0.50:0.95" },
  { name: "temporal_map@0.5", bits: [0], overlap: "0.50" },
  { name: "temporal_map@0.75", bits: [5], overlap: "0.75" },
  { name: "temporal_map@0.95", bits: [9], overlap: "0.95" },
];

/** Mean over the labels that occur, then over thresholds. */
function meanPrecision(labels: readonly LabelMatches[], bits: readonly number[], weights: Weights | null): number {
  const values = bits.flatMap((bit) => labels.map((matches) => temporalPrecision(matches, bit, weights)));
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

/** Of each video alone. */
function errorsOfVideos(labels: readonly LabelMatches[], videos: number): Float64Array {
  const own = Array.from({ length: videos }, (): LabelMatches[] => []);
  for (const { video, right, truths } of labels) {
    const places = Array.from({ length: videos }, (): number[] => []);
    video.forEach((index, place) => places[index]?.push(place));
    truths.forEach((count, index) => {
      if (count === 0) return;
      const chosen = places[index] ?? [];
      own[index]?.push({
        video: new Uint32Array(chosen.length),
        right: Uint16Array.from(chosen, (place) => right[place] ?? 0),
        truths: Uint32Array.of(count),
      });
    });
  }
  return Float64Array.from(own, (matches) => 1 - meanPrecision(matches, all, null));
}

export const temporalMap: UnitMetric<TemporalDetections> = {
  id: "temporal-map",
  title: "Mean average precision of segments",
  names: summaries.map(({ name }) => name),
  task: "temporal-detection",
  range: [0, 1],
  source: "ActivityNet eval_detection.py",
  measure(detections) {
    const { units } = detections;
    const labels = [...new Set(units.flatMap(({ truth }) => truth.map(({ label }) => label)))];
    if (labels.length === 0) return { missing: ["annotations (true segments)"] };
    const matches = labels.map((label) => matchLabel(detections, label));
    return summaries.map(({ name, bits, overlap }) =>
      measureOfValue({
        name,
        signature: `temporal_map|tIoU:${overlap}|interpolation:all points|ties:later first`,
        better: "higher",
        n: units.length,
        errors: bits === all ? errorsOfVideos(matches, units.length) : null,
        value: (weights) => meanPrecision(matches, bits, weights),
      }),
    );
  },
};
