/** Rankings against trec_eval (through pytrec_eval) query by query, and against RecBole's arithmetic. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { Random } from "../../src/base/random.ts";
import { defaultUnitMetricOptions } from "../../src/analysis/unit-metric.ts";
import { rankingMetrics } from "../../src/analysis/unit-metrics/index.ts";
import { ratingRankings, readRatings, type Rating } from "../../src/ingest/predictions/ratings.ts";
import { readQrels, readRun, trecRankings } from "../../src/ingest/predictions/trec.ts";
import { hasReferences, runReference } from "./reference.ts";
import type { Measure } from "../../src/analysis/metric.ts";
import type { Rankings } from "../../src/model/ranking.ts";

const fixture = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/evaluation/trec/${name}`, import.meta.url)), "utf8");

const trecNames = {
  "precision@10": "P_10",
  "recall@10": "recall_10",
  "hit_rate@10": "success_10",
  "mrr@10": "recip_rank",
  "map@10": "map_cut_10",
  "ndcg@10": "ndcg_cut_10",
};

function measuresOf(rankings: Rankings): ReadonlyMap<string, Measure> {
  const measured = rankingMetrics.map((metric) => metric.measure(rankings, defaultUnitMetricOptions));
  return new Map(measured.flatMap((each) => ("missing" in each ? [] : each)).map((measure) => [measure.name, measure]));
}

/** Few scores, so that many are equal; gains of several levels; queries without an answer, without a relevant item. */
function drawnFiles(seed: number): readonly [qrels: string, run: string] {
  const random = new Random(seed);
  const qrels: string[] = [];
  const run: string[] = ["# a remark"];
  for (let query = 0; query < 40; query += 1)
    for (let item = 0; item < 60; item += 1) {
      const name = `${["d", "é", "𝔽", "\uffee"][item % 4]}${item}`;
      if (random.uniform() < 0.4) qrels.push(`q${query} 0 ${name} ${query % 9 === 0 ? 0 : random.below(5) - 1}`);
      if (query % 7 !== 3 && random.uniform() < 0.5)
        run.push(`q${query}\tQ0\t${name}\t${item}\t${random.below(6) - 2.5}\tdrawn`);
    }
  return [qrels.join("\n"), run.join("\r\n")];
}

const files: readonly (readonly [string, string])[] = [
  [fixture("qrels.test"), fixture("results.test")],
  drawnFiles(1),
  drawnFiles(2),
];

const plain = (rows: ReadonlyMap<string, ReadonlyMap<string, number>>): Record<string, Record<string, number>> =>
  Object.fromEntries([...rows].map(([query, items]) => [query, Object.fromEntries(items)]));

/** A model whose scores are drawn, of all users for all items. */
function drawnTables(
  seed: number,
  users: number,
  items: number,
): { test: Rating[]; training: Rating[]; scores: Rating[] } {
  const random = new Random(seed);
  const tables: { test: Rating[]; training: Rating[]; scores: Rating[] } = { test: [], training: [], scores: [] };
  for (let user = 0; user < users; user += 1)
    for (let item = 0; item < items; item += 1) {
      const row = { user: `u${user}`, item: String(item), value: 1 + random.below(5), time: Number.NaN };
      const kind = random.uniform();
      if (kind < 0.3) tables.training.push(row);
      else if (kind < 0.35) tables.test.push(row);
      tables.scores.push({ ...row, value: Math.floor(8 * random.uniform() - item / 20) });
    }
  return tables;
}

const tables = [drawnTables(3, 50, 40), drawnTables(4, 20, 120), drawnTables(5, 80, 30)];
const rankingsOfTables = tables.map((each) => ratingRankings({ ...each, relevantFrom: 0 }));

const Answers = z.object({
  queries: z.array(z.record(z.string(), z.record(z.string(), z.number()))),
  items: z.array(z.record(z.string(), z.number())),
});

test.skipIf(!hasReferences("pytrec_eval"))("each number equals the reference's to 1e-9", { timeout: 120_000 }, () => {
  const answers = runReference(
    "ranking.py",
    {
      queries: files.map(([qrels, run]) => ({
        qrels: plain(readQrels(qrels).byQuery),
        run: plain(readRun(run).byQuery),
      })),
      items: rankingsOfTables.map(({ units, catalogue, training }) => ({
        lists: units.map(({ ranked }) => ranked.slice(0, 10).map(({ item }) => Number(item))),
        items: catalogue?.size,
        users: training?.users,
        count: Array.from({ length: catalogue?.size ?? 0 }, (_, item) => training?.usersOfItem.get(String(item)) ?? 0),
      })),
    },
    Answers,
  );
  for (const [index, [qrels, run]] of files.entries()) {
    const rankings = trecRankings(readQrels(qrels).byQuery, readRun(run).byQuery);
    const measured = measuresOf(rankings);
    for (const [name, theirs] of Object.entries(trecNames)) {
      // With -c, what is not answered counts as 0.
      const wanted = rankings.units.map(({ id }) => answers.queries[index]?.[id]?.[theirs] ?? 0);
      const errors = measured.get(name)?.errors ?? [];
      wanted.forEach((value, query) => {
        expect(errors[query], `${name} of ${rankings.units[query]?.id}`).toBeCloseTo(1 - value, 9);
      });
      const mean = wanted.reduce((a, b) => a + b, 0) / wanted.length;
      expect(measured.get(name)?.value(null), name).toBeCloseTo(mean, 9);
    }
  }
  for (const [index, rankings] of rankingsOfTables.entries())
    for (const [name, wanted] of Object.entries(answers.items[index] ?? {}))
      expect(measuresOf(rankings).get(`${name}@10`)?.value(null), name).toBeCloseTo(wanted, 9);
});

test("trec_eval's own test files give its published numbers", () => {
  const rankings = trecRankings(readQrels(fixture("qrels.test")).byQuery, readRun(fixture("results.test")).byQuery);
  const measured = measuresOf(rankings);
  const rounded = (name: string): string | undefined => measured.get(name)?.value(null).toFixed(4);
  expect(["precision@10", "ndcg@10", "map@10", "hit_rate@10"].map(rounded)).toEqual([
    "0.3000",
    "0.3016",
    "0.0259",
    "0.6667",
  ]);
  expect(measured.get("ndcg@10")?.signature).toContain("ties:docno descending");
});

test("weights choose queries, and lists of a resample are counted as often as they are drawn", () => {
  const [rankings] = rankingsOfTables;
  if (rankings === undefined) throw new Error("no rankings");
  const weights = rankings.units.map((_, index) => (index === 3 ? 2 : index === 5 ? 1 : 0));
  const chosen = [3, 3, 5].flatMap((index) => rankings.units[index] ?? []);
  const part = measuresOf({ ...rankings, units: chosen });
  for (const [name, measure] of measuresOf(rankings))
    expect(measure.value(weights), name).toBeCloseTo(part.get(name)?.value(null) ?? Number.NaN, 12);
});

test("tables of ratings: header or none, any separator, what is seen is left out", () => {
  const { rows, rejected } = readRatings(
    "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t7\t4\t88\n1\t8\tx\t89\n\t9\t1\t1\n",
  );
  expect(rows).toEqual([{ user: "1", item: "7", value: 4, time: 88 }]);
  expect(rejected.map(({ place }) => place)).toEqual([3, 4]);
  expect(readRatings("1::7::4::88\n").rows).toEqual(rows);
  expect(readRatings("1,7\n").rows).toEqual([{ user: "1", item: "7", value: 1, time: Number.NaN }]);
  const training = readRatings("a,x,5\nb,y,5\n").rows;
  const scores = readRatings("a,x,9\na,y,1\na,10,1\na,9,1\n").rows;
  const rankings = ratingRankings({ test: readRatings("a,y,5\n").rows, scores, training, relevantFrom: 4 });
  expect(rankings.units.map(({ ranked }) => ranked.map(({ item }) => item))).toEqual([["9", "10", "y"]]);
  expect(measuresOf(rankings).get("mrr@10")?.value(null)).toBeCloseTo(1 / 3, 12);
});

test("says which lines of a run cannot be read", () => {
  const { byQuery, rejected } = readRun("1 Q0 a 1 0.5 t\n1 Q0 a 2 0.4 t\n1 Q0 b\n1 Q0 c 3 high t\n\n");
  expect(byQuery.get("1")).toEqual(new Map([["a", 0.5]]));
  expect(rejected.map(({ place }) => place)).toEqual([2, 3, 4]);
  expect(measuresOf(trecRankings(new Map(), byQuery)).size).toBe(0);
});
