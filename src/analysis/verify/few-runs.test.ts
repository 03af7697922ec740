import { describe, expect, test } from "vitest";
import { random, type Random } from "../synthetic.fixture.ts";
import { pairedDifference, unpairedDifference, type Difference } from "./few-runs.ts";

const certain = ({ interval, p }: Difference): boolean =>
  interval !== null && (interval[1] < 0 || interval[0] > 0) && (p === null || p <= 0.05);
const better = (one: Difference): boolean => certain(one) && one.mean < 0;

test("the paired interval is that of Student's t", () => {
  // Gosset's sleep data: mean 1.58, 95 % interval 0.70 to 2.46, as R's t.test(paired = TRUE) prints it.
  const sleep = [1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4];
  const { mean, interval, design } = pairedDifference(sleep, 0);
  expect(design).toBe("paired");
  expect(mean).toBeCloseTo(1.58, 6);
  expect(interval?.[0]).toBeCloseTo(0.7001, 3);
  expect(interval?.[1]).toBeCloseTo(2.4599, 3);
});

test("the unpaired interval is Welch's", () => {
  // The same data unpaired: -3.365 to 0.205 (with the sign turned), df 17.776.
  const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
  const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  const { interval } = unpairedDifference(first, second, 0);
  expect(interval?.[0]).toBeCloseTo(-0.2055, 3);
  expect(interval?.[1]).toBeCloseTo(3.3655, 3);
});

test("the sign flip is exact, and silent where it could not reach 5 %", () => {
  expect(pairedDifference([1, 2, 3], 0).p).toBeNull();
  expect(pairedDifference([1, 2, 3, 4, 5, 6], 0).p).toBe(2 / 64);
  expect(pairedDifference([1, -1, 1, -1, 1, -1], 0).p).toBe(1);
  expect(unpairedDifference([1, 2, 3], [4, 5, 6], 0).p).toBeNull();
  expect(unpairedDifference([1, 2, 3, 4], [5, 6, 7, 8], 0).p).toBe(2 / 70);
});

test("fewer than three runs answer nothing, whatever the difference", () => {
  expect(pairedDifference([-100, -100], 0)).toMatchObject({ interval: null, design: "too-few" });
  expect(unpairedDifference([1, 1, 1], [0, 0], 0)).toMatchObject({ interval: null, design: "too-few" });
});

test("three runs that agree by accident are held to the noise floor", () => {
  const agreeing = [-0.001, -0.001, -0.001];
  expect(certain(pairedDifference(agreeing, 0))).toBe(true);
  expect(certain(pairedDifference(agreeing, 0.001))).toBe(false);
});

describe("a change that does nothing is called an improvement at most as often as the level says", () => {
  const trials = 4000;
  /** One side of a two-sided 5 %, and three standard errors of this many trials. */
  const most = 0.025 + 3 * Math.sqrt((0.025 * 0.975) / trials);
  const share = (seed: number, trial: (next: Random) => Difference): number => {
    const next = random(seed);
    let wrong = 0;
    for (let i = 0; i < trials; i++) if (better(trial(next))) wrong += 1;
    return wrong / trials;
  };
  const draw = (n: number, value: () => number): number[] => Array.from({ length: n }, value);
  const heavy = (next: Random): number => next.normal() / Math.sqrt(-Math.log(1 - next.uniform()));

  test.each([3, 4, 6, 7])("paired, %i seeds", (n) => {
    expect(
      share(n, (next) =>
        pairedDifference(
          draw(n, () => next.normal() - next.normal()),
          0,
        ),
      ),
    ).toBeLessThan(most);
  });
  test("paired, heavy tails", () => {
    expect(
      share(11, (next) =>
        pairedDifference(
          draw(3, () => heavy(next) - heavy(next)),
          0,
        ),
      ),
    ).toBeLessThan(most);
  });
  test.each([
    [3, 3, 1],
    [3, 5, 1],
    [3, 3, 10],
    [4, 4, 1],
  ])("unpaired, %i against %i, spread %ix", (before, after, spread) => {
    const wrong = share(before * 100 + after * 10 + spread, (next) =>
      unpairedDifference(
        draw(before, () => spread * next.normal()),
        draw(after, () => next.normal()),
        0,
      ),
    );
    expect(wrong).toBeLessThan(most);
  });
  test("with a true improvement of five standard deviations it is seen in most trials", () => {
    const seen = share(12, (next) =>
      pairedDifference(
        draw(3, () => next.normal() - next.normal() - 5),
        0,
      ),
    );
    expect(seen).toBeGreaterThan(0.5);
  });
});
