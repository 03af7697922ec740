import type { Detections } from "../../model/detection.ts";
import { measureOfValue } from "../measures/measure-of-value.ts";
import { tidePrecision, type Mended } from "../measures/tide-accumulation.ts";
import { tideImages } from "../measures/tide-errors.ts";
import type { UnitMetric } from "../unit-metric.ts";

const kinds: readonly Exclude<Mended, null>[] = [
  "cls",
  "loc",
  "both",
  "dupe",
  "bkg",
  "miss",
  "false_positives",
  "false_negatives",
];

/** What average precision at IoU 0.5 would gain if the errors of one kind were mended. */
export const tide: UnitMetric<Detections> = {
  id: "tide",
  title: "TIDE: points of AP50 lost to each kind of error",
  names: kinds.map((kind) => `tide_${kind}`),
  task: "detection",
  range: [0, 100],
  source: "dbolya/tide, main and special errors, boxes",
  measure(detections) {
    if (!detections.units.some(({ truth }) => truth.length > 0)) return { missing: ["annotations (true boxes)"] };
    const images = tideImages(detections);
    return kinds.map((kind) =>
      measureOfValue({
        name: `tide_${kind}`,
        signature: `tide_${kind}|dAP, 0 to 100|foreground:0.5|background:0.1|maxDets:100`,
        better: "lower",
        n: images.length,
        value(weights) {
          const gain = tidePrecision(images, kind, weights) - tidePrecision(images, null, weights);
          // TIDE takes a loss for an effect of its 101 steps.
          return kind === "false_positives" || kind === "false_negatives" ? gain : Math.max(0, gain);
        },
      }),
    );
  },
};
