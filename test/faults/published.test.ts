/** Every rule on every recorded fault and healthy run: no rule fails, and the figures are no worse than those published. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { load, names, splits, truthOf, type Recorded } from "../../benchmarks/faults/scoring/corpus.ts";
import { judge, scoreOf } from "../../benchmarks/faults/scoring/judge.ts";
import { alarmsOf, reportOf } from "../../benchmarks/faults/scoring/ours.ts";

const Share = z.object({ hits: z.number(), of: z.number() });
const Published = z.partialRecord(
  z.enum(splits),
  z.looseObject({
    llmdbg: z.object({
      recall: Share,
      rule: Share,
      top1: Share,
      layer: Share,
      onset: Share,
      falseAlarms: Share,
    }),
  }),
);
const published = Published.parse(
  JSON.parse(readFileSync(new URL("../../benchmarks/faults/result.json", import.meta.url), "utf8")),
);

const outdated = "run benchmarks/faults/score.ts with --peers and --write, and look at what changed";
const recorded = new Set(names().map((name) => truthOf(name).split));

describe.each(splits.filter((split) => recorded.has(split)))("%s programs", (split) => {
  test("are diagnosed as well as docs/accuracy.md says", async () => {
    const runs: Recorded[] = [];
    for (const name of names()) {
      if (truthOf(name).split === split) runs.push(await load(name));
    }
    expect(runs.length).toBeGreaterThan(0);
    // reportOf throws when a rule failed.
    const score = scoreOf(runs.map((recorded) => judge(recorded, alarmsOf(reportOf(recorded)))));
    const figures = published[split];
    if (figures === undefined) throw new Error(`result.json lacks the ${split} programs: ${outdated}`);
    const { llmdbg } = figures;
    for (const figure of ["recall", "rule", "top1", "layer", "onset"] as const) {
      expect.soft(score[figure].hits, `${figure}: ${outdated}`).toBeGreaterThanOrEqual(llmdbg[figure].hits);
    }
    expect.soft(score.recall.of, outdated).toBe(llmdbg.recall.of);
    expect.soft(score.falseAlarms.hits, `false alarms: ${outdated}`).toBeLessThanOrEqual(llmdbg.falseAlarms.hits);
    expect.soft(score.falseAlarms.of, outdated).toBe(llmdbg.falseAlarms.of);
  }, 300_000);
});
