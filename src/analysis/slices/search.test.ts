import { expect, test } from "vitest";
import { Random } from "../../base/random.ts";
import type { Column } from "./column.ts";
import { allRows, bruteForce, evenly, normal, randomColumns, sliceLineOf } from "./made.fixture.ts";
import { choicesByDepth, evidenceScore, type Score } from "./score.ts";
import { searchSlices, type SearchOptions, type SearchResult } from "./search.ts";
import { tableOf } from "./table.ts";

function search(columns: readonly Column[], errors: Float64Array, options: SearchOptions): SearchResult {
  const steps = searchSlices(tableOf(columns, errors, allRows(errors.length), options.minSize), options);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

const scoresOf = ({ found }: SearchResult): number[] => found.map(({ score }) => score);

function expectExact(columns: readonly Column[], errors: Float64Array, options: SearchOptions): void {
  const expected = bruteForce(columns, errors, options).slice(0, options.count);
  const result = search(columns, errors, options);
  expect(result.found).toHaveLength(expected.length);
  scoresOf(result).forEach((score, place) => expect(score).toBeCloseTo(expected[place] ?? Number.NaN, 9));
  for (const { items, size, error } of result.found) {
    const rows = [...errors.keys()].filter((row) =>
      items.every(({ source }) => columns[source.column]?.codes[row] === source.value),
    );
    expect(size).toBe(rows.length);
    expect(error).toBeCloseTo(
      rows.reduce((sum, row) => sum + (errors[row] ?? 0), 0),
      9,
    );
  }
}

const shares = (random: Random, rows: number, rate: number): Float64Array =>
  Float64Array.from({ length: rows }, () => (random.uniform() < rate ? 1 : 0));

const heavy = (random: Random, rows: number): Float64Array =>
  Float64Array.from({ length: rows }, () => Math.exp(normal(random)));

const evidence = (columns: readonly Column[], errors: Float64Array, isShare: boolean): Score => {
  const n = errors.length;
  const error = errors.reduce((sum, own) => sum + own, 0);
  const spread = Math.sqrt(errors.reduce((sum, own) => sum + (own - error / n) ** 2, 0) / n);
  const choices = choicesByDepth(
    columns.map(({ values }) => values.length),
    5,
  );
  return evidenceScore({ n, error }, isShare ? "share" : spread, choices, -100);
};

test("equals brute force for errors that are 0 or 1 and for real ones, by either score, to any depth", () => {
  const random = new Random(1);
  for (let round = 0; round < 40; round += 1) {
    const rows = 60 + random.below(200);
    const weights = Array.from({ length: 3 + random.below(4) }, () =>
      Array.from({ length: 2 + random.below(4) }, () => 0.1 + random.uniform()),
    );
    const columns = randomColumns(random, rows, weights);
    const isShare = round % 2 === 0;
    const errors = isShare ? shares(random, rows, 0.2) : heavy(random, rows);
    const score =
      round % 4 < 2 ? sliceLineOf(errors, 0.9 + 0.1 * random.uniform()) : evidence(columns, errors, isShare);
    expectExact(columns, errors, {
      score,
      count: 12,
      minSize: 3 + random.below(8),
      depth: round % 3 === 0 ? 2 : Infinity,
    });
  }
});

test("equals brute force with 30 attributes of 10 values, and finds what is planted in the first and the last", () => {
  const random = new Random(2);
  const columns = randomColumns(random, 2000, evenly(30, 10));
  const planted = (row: number): boolean => columns[0]?.codes[row] === 3 && columns[29]?.codes[row] === 7;
  const errors = Float64Array.from({ length: 2000 }, (_, row) =>
    random.uniform() < (planted(row) ? 0.95 : 0.05) ? 1 : 0,
  );
  const options = { score: sliceLineOf(errors, 0.95), count: 10, minSize: 10, depth: 2 };
  expectExact(columns, errors, options);
  const [worst] = search(columns, errors, options).found;
  expect(worst?.items.map(({ source }) => [source.column, source.value])).toEqual([
    [0, 3],
    [29, 7],
  ]);
});

test("equals brute force where columns are counted together, several of them in one pass", () => {
  const random = new Random(8);
  const columns = [...randomColumns(random, 6000, evenly(5, 2)), ...randomColumns(random, 6000, evenly(3, 4))];
  const planted = (row: number): boolean => columns[1]?.codes[row] === 0 && columns[6]?.codes[row] === 3;
  const errors = Float64Array.from({ length: 6000 }, (_, row) =>
    random.uniform() < (planted(row) ? 0.3 : 0.1) ? 1 : 0,
  );
  expectExact(columns, errors, { score: evidence(columns, errors, true), count: 200, minSize: 60, depth: 3 });
});

test("equals brute force where there are more values than rows: the bound counts rows, never columns", () => {
  const random = new Random(3);
  for (let round = 0; round < 10; round += 1) {
    const columns = randomColumns(random, 150, evenly(40, 6));
    const errors = round % 2 === 0 ? shares(random, 150, 0.15) : heavy(random, 150);
    expectExact(columns, errors, { score: sliceLineOf(errors, 0.97), count: 8, minSize: 8, depth: 3 });
  }
});

test("two columns of one attribute never meet", () => {
  const random = new Random(4);
  const columns = randomColumns(random, 400, evenly(6, 3)).map((column, index) => ({
    ...column,
    attribute: `attribute ${index % 3}`,
  }));
  const errors = shares(random, 400, 0.2);
  expectExact(columns, errors, { score: sliceLineOf(errors, 0.99), count: 30, minSize: 5, depth: Infinity });
});

test("examples without a value or without an error are left out", () => {
  const random = new Random(5);
  const [column, other] = randomColumns(random, 300, evenly(2, 3));
  if (column === undefined || other === undefined) throw new Error("no columns");
  const holes = { ...column, codes: column.codes.map((code, row) => (row % 5 === 0 ? -1 : code)) };
  const errors = shares(random, 300, 0.3);
  const options = { score: sliceLineOf(errors, 0.99), count: 9, minSize: 5, depth: 2 };
  expectExact([holes, other], errors, options);
  const unknown = errors.map((error, row) => (row % 7 === 0 ? Number.NaN : error));
  const kept = allRows(300).filter((row) => row % 7 !== 0);
  const table = tableOf([column, other], unknown, allRows(300), 5);
  expect(table.n).toBe(kept.length);
  expect(table.items.map(({ size }) => size).reduce((sum, size) => sum + size, 0)).toBe(2 * kept.length);
});

test("no errors, no rows or no columns give nothing", () => {
  const random = new Random(6);
  const columns = randomColumns(random, 50, evenly(2, 2));
  const options = { count: 5, minSize: 1, depth: Infinity };
  const none = new Float64Array(50);
  expect(search(columns, none, { ...options, score: sliceLineOf(none, 0.9) }).found).toEqual([]);
  const empty = new Float64Array();
  expect(search([], empty, { ...options, score: sliceLineOf(empty, 0.9) }).found).toEqual([]);
  const errors = shares(random, 50, 0.5);
  expect(search([], errors, { ...options, score: sliceLineOf(errors, 0.9) }).found).toEqual([]);
});

test("a caller may stop in the middle", () => {
  const random = new Random(7);
  const columns = randomColumns(random, 500, evenly(8, 3));
  const errors = shares(random, 500, 0.2);
  const steps = searchSlices(tableOf(columns, errors, allRows(500), 5), {
    score: sliceLineOf(errors, 0.99),
    count: 5,
    minSize: 5,
    depth: Infinity,
  });
  const first = steps.next();
  const second = steps.next();
  expect([first.done, second.done]).toEqual([false, false]);
  if (first.done !== true && second.done !== true)
    expect(second.value.evaluated).toBeGreaterThan(first.value.evaluated);
});
