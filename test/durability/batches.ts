import type { SeriesPoints } from "../../src/model/series.ts";

export const runId = "durable";
export const writerId = "writer";

/** The points of batch `sequence`: steps and values follow from it, so that a stored batch can be checked. */
export function pointsOf(sequence: number, size: number): SeriesPoints {
  const step = Float64Array.from({ length: size }, (_, index) => sequence * 1_000_000 + index);
  return {
    name: "loss",
    labels: {},
    step,
    time: step.map((at) => 1_700_000_000_000 + at),
    value: step.map((at, index) => (index % 50 === 7 ? Number.NaN : at / 3)),
  };
}
