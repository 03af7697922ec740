/** Kinds of errors of detection against what TIDE itself said, recorded by record-tide.py. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { tidePrecision } from "../../src/analysis/measures/tide-accumulation.ts";
import { tideImages, type TideImage } from "../../src/analysis/measures/tide-errors.ts";
import { defaultUnitMetricOptions } from "../../src/analysis/unit-metric.ts";
import { tide } from "../../src/analysis/unit-metrics/tide.ts";
import { readCoco } from "../../src/ingest/predictions/coco.ts";
import { detectionCases, type DetectionCase } from "./detection-cases.ts";
import type { Detections } from "../../src/model/detection.ts";

const recorded = z
  .record(z.string(), z.record(z.string(), z.number()))
  .parse(JSON.parse(readFileSync(fileURLToPath(new URL("tide.json", import.meta.url)), "utf8")));

const theirs = {
  tide_cls: "Cls",
  tide_loc: "Loc",
  tide_both: "Both",
  tide_dupe: "Dupe",
  tide_bkg: "Bkg",
  tide_miss: "Miss",
  tide_false_positives: "FalsePos",
  tide_false_negatives: "FalseNeg",
};

function read({ annotations, results }: DetectionCase): Detections {
  const detections = readCoco(annotations, results)?.detections;
  if (detections === undefined) throw new Error("no COCO documents");
  return detections;
}

const countOf = (images: readonly TideImage[], name: string): number =>
  name === "miss"
    ? images.reduce((sum, { missed }) => sum + missed.length, 0)
    : images.reduce((sum, { points }) => sum + points.filter(({ error }) => error === name).length, 0);

test.each(detectionCases)("$name: each number equals TIDE's to 1e-9, each kind is counted as often", (one) => {
  const wanted = recorded[one.name] ?? {};
  const detections = read(one);
  const images = tideImages(detections);
  expect(tidePrecision(images, null, null)).toBeCloseTo(wanted["AP"] ?? Number.NaN, 9);
  const measures = tide.measure(detections, defaultUnitMetricOptions);
  if ("missing" in measures) throw new Error(measures.missing.join());
  expect(measures.map(({ name }) => name)).toEqual([...tide.names]);
  for (const measure of measures) {
    const name = Object.entries(theirs).find(([ours]) => ours === measure.name)?.[1] ?? "";
    expect(measure.value(null), measure.name).toBeCloseTo(wanted[name] ?? Number.NaN, 9);
  }
  for (const name of ["Cls", "Loc", "Both", "Dupe", "Bkg", "Miss"])
    expect(countOf(images, name.toLowerCase()), name).toBe(wanted[`count ${name}`]);
});

test("weights choose images", () => {
  const [, one] = detectionCases;
  if (one === undefined) throw new Error("no case");
  const detections = read(one);
  const part = { ...detections, units: detections.units.filter((_, index) => one.weights[index] === 1) };
  const [whole, chosen] = [
    tide.measure(detections, defaultUnitMetricOptions),
    tide.measure(part, defaultUnitMetricOptions),
  ];
  if ("missing" in whole || "missing" in chosen) throw new Error("nothing to measure");
  for (const [index, measure] of whole.entries())
    expect(measure.value(one.weights), measure.name).toBeCloseTo(chosen[index]?.value(null) ?? Number.NaN, 12);
});
