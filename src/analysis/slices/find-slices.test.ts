import { expect, test } from "vitest";
import { Random } from "../../base/random.ts";
import { Slice } from "../../model/evaluation.ts";
import type { Column } from "./column.ts";
import { findSlices, testRule, type SliceInput, type SliceReport } from "./find-slices.ts";
import { madeInput, normal } from "./made.fixture.ts";
import { isHeldOut } from "./split.ts";

function find(input: SliceInput): SliceReport {
  const steps = findSlices(input);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

const has = (columns: readonly Column[], column: number, value: number, row: number): boolean =>
  columns[column]?.codes[row] === value;

/** 0.05 more than `usual` for the twentieth of the rows that have one value of the last category. */
const planted =
  (draw: (isWorse: boolean) => number) =>
  (row: number, columns: readonly Column[]): number =>
    draw(has(columns, 7, 7, row));

const share = (random: Random, rate: number) => (isWorse: boolean) =>
  random.uniform() < rate + (isWorse ? 0.05 : 0) ? 1 : 0;
const real = (random: Random) => (isWorse: boolean) => 0.3 + 0.15 * normal(random) + (isWorse ? 0.05 : 0);

// Many searches, beside many others on a busy machine.
const long = 240_000;

test("of 200 data sets without any problem at most 5 % show a slice", { timeout: long }, () => {
  let shown = 0;
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = new Random(seed);
    const draws = [share(random, 0.1), real(random), () => Math.exp(normal(random)), share(random, 0.4)];
    const draw = draws[seed % draws.length] ?? share(random, 0.1);
    const { slices, search } = find(madeInput(random, 1000, () => draw(false)));
    expect(search.confirmed).toBe(slices.length);
    if (slices.length > 0) shown += 1;
  }
  expect(shown).toBeLessThanOrEqual(10);
});

test.each(["share", "real"])(
  "a twentieth that is 5 points worse is found: errors of kind %s",
  { timeout: long },
  (kind) => {
    const runs = 20;
    let found = 0;
    for (let seed = 1; seed <= runs; seed += 1) {
      const random = new Random(seed);
      const draw = kind === "share" ? share(random, 0.03) : real(random);
      const { slices } = find(madeInput(random, 10_000, planted(draw)));
      if (
        slices.some(({ where }) => where.some(({ attribute, value }) => attribute === "attribute 7" && value === "7"))
      )
        found += 1;
    }
    console.log(`planted slices found, ${kind} errors: ${found} of ${runs}`);
    expect(found / runs).toBeGreaterThanOrEqual(0.8);
  },
);

test("three problems are three slices, each with its shortest rule, and they overlap little", () => {
  const random = new Random(5);
  const input = madeInput(random, 8000, (row, columns) => {
    const isBad =
      (has(columns, 3, 1, row) && has(columns, 4, 0, row)) || has(columns, 6, 4, row) || has(columns, 7, 3, row);
    return random.uniform() < (isBad ? 0.5 : 0.05) ? 1 : 0;
  });
  const { slices, search } = find(input);
  const rules = slices.map(({ where }) =>
    where
      .map(({ attribute, value }) => `${attribute}: ${String(value)}`)
      .toSorted()
      .join(", "),
  );
  expect(rules.toSorted()).toEqual(["attribute 3: 1, attribute 4: 0", "attribute 6: 4", "attribute 7: 3"]);
  expect(search).toMatchObject({ attributes: 10, depth: 3, confirmed: 3 });
  for (const slice of slices) {
    expect(Slice.parse(slice)).toEqual(slice);
    expect(slice.overlap).toBeLessThanOrEqual(0.5);
    expect(Number(slice.low)).toBeGreaterThan(0);
    expect(Number(slice.high)).toBeGreaterThan(Number(slice.difference));
    expect(slice.examples).toHaveLength(10);
    // The rule of a slice, tested again, gives what the slice says.
    const { error, baseline, p, n, low } = testRule(input, slice.where);
    expect({ error, baseline, p, n, low }).toEqual({
      error: slice.error,
      baseline: slice.baseline,
      p: slice.p,
      n: slice.n,
      low: slice.low,
    });
  }
});

test("a rule that a person edits is tested on the held-out half only", () => {
  const random = new Random(6);
  const input = madeInput(random, 2000, () => 0);
  const ages = Array.from<number | string | null>(input.values.get("age")?.values ?? []);
  const errors = Float64Array.from(ages, (age, row) =>
    Number(age) >= 23 && isHeldOut(input.ids[row] ?? "", 0) ? 1 : 0,
  );
  const slice = testRule({ ...input, errors }, [{ attribute: "age", value: "at least 23" }]);
  expect([slice.error, slice.baseline]).toEqual([1, 0]);
  expect(slice.p).toBeLessThan(1e-100);
  expect(slice.n).toBe([...ages].filter((age) => Number(age) >= 23).length);
  expect(() => testRule(input, [{ attribute: "height", value: "tall" }])).toThrow("There is no attribute");
  expect(() => testRule(input, [{ attribute: "age", value: "old" }])).toThrow("is no range");
});

test("examples of one group stay together, and are not taken for independent", () => {
  const random = new Random(8);
  let shown = 0;
  for (let seed = 1; seed <= 20; seed += 1) {
    const bad = new Set(Array.from({ length: 12 }, () => random.below(60)));
    const input = madeInput(random, 1500, (row) => (random.uniform() < (bad.has(row % 60) ? 0.6 : 0.1) ? 1 : 0));
    // One attribute follows the group: whole groups are bad, and the attribute has nothing to do with it.
    const [first, ...others] = input.columns;
    if (first === undefined) throw new Error("no columns");
    const columns = [{ ...first, codes: first.codes.map((_, row) => ((row % 60) % 7 < 3 ? 0 : 1)) }, ...others];
    if (find({ ...input, columns, groups: input.ids.map((_, row) => `group ${row % 60}`) }).slices.length > 0)
      shown += 1;
  }
  expect(shown).toBeLessThanOrEqual(2);
});

test("half of the ids are held out, whatever they look like, and the seed changes which", () => {
  const ids = Array.from({ length: 4000 }, (_, index) => String(index));
  const held = (seed: number): string[] => ids.filter((id) => isHeldOut(id, seed));
  expect(Math.abs(held(0).length - 2000)).toBeLessThan(160);
  expect(held(0)).toEqual(held(0));
  const other = new Set(held(1));
  expect(Math.abs(held(0).filter((id) => other.has(id)).length - 1000)).toBeLessThan(160);
});

test("too little to search gives no slice and says so", () => {
  const random = new Random(9);
  const { slices, search } = find(madeInput(random, 30, () => 1));
  expect(slices).toEqual([]);
  expect(search).toMatchObject({ discovered: 0, confirmed: 0, visibleDifference: null });
});
