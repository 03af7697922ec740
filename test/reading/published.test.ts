/** What public training programs print is read as well as docs/reading.md says, and no more of it is read wrong. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { excerpts, halfOf, halves } from "../../benchmarks/reading/corpus.ts";
import { scoreOf } from "../../benchmarks/reading/score.ts";

const Figure = z.object({ stated: z.number(), right: z.number(), wrong: z.number() });
const published = z
  .record(z.enum(halves), z.looseObject({ now: Figure }))
  .parse(JSON.parse(readFileSync(new URL("../../benchmarks/reading/result.json", import.meta.url), "utf8")));

test.each(halves)("the %s half", (half) => {
  const chosen = excerpts.filter(({ project }) => halfOf(project) === half);
  expect(chosen.length).toBeGreaterThan(40);
  const score = scoreOf(chosen);
  const { now } = published[half];
  expect(score.stated).toBe(now.stated);
  expect(score.right).toBeGreaterThanOrEqual(now.right);
  expect(score.wrong).toBeLessThanOrEqual(now.wrong);
});

test("the excerpts are of many projects", () => {
  expect(new Set(excerpts.map(({ id }) => id)).size).toBe(excerpts.length);
  expect(new Set(excerpts.map(({ project }) => project)).size).toBeGreaterThan(100);
});
