/** Segments of videos against ActivityNet's arithmetic, of whole data sets and of parts of their videos. */
import { expect, test } from "vitest";
import { z } from "zod";
import { Random } from "../../src/base/random.ts";
import { defaultUnitMetricOptions } from "../../src/analysis/unit-metric.ts";
import { temporalMap } from "../../src/analysis/unit-metrics/temporal-map.ts";
import { readActivityNet } from "../../src/ingest/predictions/activity-net.ts";
import { hasReferences, runReference } from "./reference.ts";
import type { Measure } from "../../src/analysis/metric.ts";

interface Case {
  readonly database: Record<string, { subset: string; duration: number; annotations: unknown[] }>;
  readonly results: Record<string, unknown[]>;
  /** By video, in the order of the results. */
  readonly weights: Record<string, number>;
}

/** Actions found well, badly, twice, under another label, or where there is none; equal scores; a video nobody annotated. */
function drawn(seed: number, videos: number): Case {
  const random = new Random(seed);
  const labels = ["Archery", "Polka", "Surfing"];
  const pick = (): string => labels[random.below(3)] ?? "";
  const one: Case = { database: {}, results: {}, weights: {} };
  for (let video = 0; video < videos; video += 1) {
    const annotations: unknown[] = [];
    const results: unknown[] = [];
    for (let action = random.below(5); action > 0; action -= 1) {
      const [start, label] = [random.uniform() * 100, pick()];
      const end = start + 2 + random.uniform() * 40;
      annotations.push({ label, segment: [start, end] });
      for (let times = random.below(4); times > 0; times -= 1) {
        const shift = (): number => (random.uniform() - 0.5) * 12;
        const segment = random.uniform() < 0.3 ? [start, end] : [start + shift(), Math.max(end + shift(), start + 8)];
        results.push({ label: random.uniform() < 0.8 ? label : pick(), segment, score: random.below(10) / 10 });
      }
    }
    results.push({ label: "Juggling", segment: [0, 1], score: 1 }, { label: pick(), segment: [0, 9], score: 0.5 });
    const id = `v_${video}`;
    if (video !== 1) one.database[id] = { subset: "validation", duration: 140, annotations };
    if (video !== 2) one.results[id] = results;
  }
  for (const id of new Set([...Object.keys(one.results), ...Object.keys(one.database)]))
    one.weights[id] = random.below(2);
  return one;
}

const cases = [drawn(1, 12), drawn(2, 40), drawn(3, 80)];

function measuresOf({ database, results }: Case): readonly Measure[] {
  const read = readActivityNet(
    { version: "1.3", taxonomy: [], database },
    { version: "1.3", results, external_data: {} },
    "validation",
  );
  if (read === undefined) throw new Error("no documents of ActivityNet");
  expect([...read.rejectedSegments, ...read.rejectedResults]).toEqual([]);
  const measures = temporalMap.measure(read.detections, defaultUnitMetricOptions);
  return "missing" in measures ? [] : measures;
}

test.skipIf(!hasReferences("numpy"))("each number equals ActivityNet's to 1e-9", { timeout: 120_000 }, () => {
  const answers = runReference("temporal.py", cases, z.array(z.array(z.array(z.number()).length(10)).length(2)));
  expect(answers).toHaveLength(cases.length);
  for (const [index, one] of cases.entries()) {
    const measures = measuresOf(one);
    expect(measures.map(({ name }) => name)).toEqual([...temporalMap.names]);
    for (const [half, weights] of [null, Object.values(one.weights)].entries()) {
      const wanted = answers[index]?.[half] ?? [];
      const mean = wanted.reduce((sum, value) => sum + value, 0) / wanted.length;
      expect(mean).toBeGreaterThan(0.05);
      for (const [place, value] of [mean, wanted[0], wanted[5], wanted[9]].entries())
        expect(measures[place]?.value(weights), measures[place]?.name).toBeCloseTo(value ?? Number.NaN, 9);
    }
  }
});

test("the error of a video is 1 minus its own mean average precision", () => {
  const [one] = cases;
  const map = one === undefined ? undefined : measuresOf(one)[0];
  const errors = map?.errors ?? [];
  let compared = 0;
  for (let video = 0; video < errors.length; video += 1) {
    const alone = Float64Array.from(errors, (_, i) => (i === video ? 1 : 0));
    const error = errors[video] ?? Number.NaN;
    if (Number.isNaN(error)) continue;
    compared += 1;
    expect(error).toBeCloseTo(1 - (map?.value(alone) ?? Number.NaN), 12);
  }
  expect(compared).toBeGreaterThan(5);
});

test("says which segments cannot be read, and keeps to the subset", () => {
  const database = {
    a: { subset: "validation", annotations: [{ label: "x", segment: [0, "4.5"] }, { label: "x" }] },
    b: { subset: "training", annotations: [{ label: "x", segment: [0, 1] }] },
  };
  const read = readActivityNet(
    { database },
    { results: { a: [{ label: "x", segment: [0, 4], score: "high" }] } },
    "validation",
  );
  expect(read?.detections.units.map(({ id, truth }) => [id, truth])).toEqual([
    ["a", [{ label: "x", start: 0, end: 4.5 }]],
  ]);
  expect(read?.rejectedSegments.map(({ place }) => place)).toEqual([2]);
  expect(read?.rejectedResults.map(({ place }) => place)).toEqual([1]);
  expect(readActivityNet({}, {}, null)).toBeUndefined();
});
