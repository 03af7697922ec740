/** Boxes against pycocotools, of whole data sets, a resample and parts of their images. */
import { expect, test } from "vitest";
import { z } from "zod";
import { defaultUnitMetricOptions } from "../../src/analysis/unit-metric.ts";
import { cocoBoxes } from "../../src/analysis/unit-metrics/coco-boxes.ts";
import { readCoco } from "../../src/ingest/predictions/coco.ts";
import { cocoFiles, detectionCases } from "./detection-cases.ts";
import { hasReferences, runReference } from "./reference.ts";
import type { Measure } from "../../src/analysis/metric.ts";

function measuresOf(annotations: unknown, results: unknown): readonly Measure[] {
  const read = readCoco(annotations, results);
  if (read === undefined) throw new Error("no COCO documents");
  expect([...read.rejectedAnnotations, ...read.rejectedResults]).toEqual([]);
  const measures = cocoBoxes.measure(read.detections, defaultUnitMetricOptions);
  return "missing" in measures ? [] : measures;
}

const Answers = z.array(z.array(z.array(z.number()).length(12)).length(2));

test.skipIf(!hasReferences("pycocotools"))(
  "the twelve numbers equal pycocotools' to 1e-9",
  { timeout: 120_000 },
  () => {
    const answers = runReference("detection.py", detectionCases, Answers);
    expect(answers).toHaveLength(detectionCases.length);
    for (const [index, { name, annotations, results, weights }] of detectionCases.entries()) {
      const measures = measuresOf(annotations, results);
      expect(measures.map((measure) => measure.name)).toEqual([...cocoBoxes.names]);
      for (const [half, chosen] of [null, weights].entries())
        for (const [place, wanted] of (answers[index]?.[half] ?? []).entries()) {
          const value = measures[place]?.value(chosen) ?? -2;
          // pycocotools says -1 where nothing is to be found.
          expect(Number.isNaN(value) ? -1 : value, `${measures[place]?.name} of ${name}, ${half}`).toBeCloseTo(
            wanted,
            9,
          );
        }
    }
  },
);

test("COCO's published boxes give the published numbers", () => {
  const values = measuresOf(cocoFiles.annotations, cocoFiles.results).map((measure) => measure.value(null));
  const published = [0.5045806987, 0.6969727247, 0.572981667, 0.5856, 0.5194, 0.5014, 0.3868, 0.5937, 0.5954];
  for (const [place, value] of published.entries()) expect(values[place]).toBeCloseTo(value, place < 3 ? 9 : 4);
});

test("the error of an image is 1 minus its own average precision", () => {
  const measures = measuresOf(cocoFiles.annotations, cocoFiles.results);
  const ap50 = measures.find(({ name }) => name === "AP50");
  const errors = ap50?.errors ?? [];
  expect(errors).toHaveLength(100);
  for (const image of [0, 7, 42]) {
    const alone = Float64Array.from({ length: 100 }, (_, i) => (i === image ? 1 : 0));
    expect(errors[image]).toBeCloseTo(1 - (ap50?.value(alone) ?? 0), 12);
  }
});

test("says which entries cannot be read, and what is no COCO document", () => {
  const annotations = { ...cocoFiles.annotations, annotations: [{ image_id: 42 }] };
  const read = readCoco(annotations, [{ image_id: -5, category_id: 1, bbox: [0, 0, 1, 1], score: 0.5 }, 3]);
  expect(read?.rejectedAnnotations.map(({ place }) => place)).toEqual([1]);
  expect(read?.rejectedResults[0]?.reason).toContain("image -5 is not annotated");
  expect(read?.rejectedResults).toHaveLength(2);
  expect(readCoco([], [])).toBeUndefined();
});
