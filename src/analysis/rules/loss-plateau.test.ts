import { expect, test } from "vitest";
import { changesOf, findingOf, missingFor, reportOn } from "../outcome.fixture.ts";
import { healthyFamilies } from "../healthy.fixture.ts";
import { healthyRows, random, type Row, usualShape } from "../synthetic.fixture.ts";

const rule = "loss-plateau";
const next = random(41);
const rows = healthyRows(random(42), { ...usualShape, schedule: "constant" });
const stuck = (share: number): Row[] =>
  rows.map((row, i) => {
    const loss = Math.log(5000) * (1 - share * (1 - Math.exp(-i / 8)));
    return { ...row, loss: loss * (1 + 0.01 * next.normal()), ...("eval_loss" in row ? { eval_loss: loss } : {}) };
  });

test("finds a schedule that ended long before the run", () => {
  const ended = rows.map((row, i): Row => ({
    ...row,
    learning_rate: i < 60 ? 0.5e-3 * (1 + Math.cos((Math.PI * i) / 60)) : 0,
    ...(i < 60 ? {} : { loss: 3 * (1 + 0.01 * next.normal()) }),
  }));
  const found = findingOf(rule, { rows: ended, config: { max_steps: 600, learning_rate: 1e-3 } });
  expect(found).toMatchObject({ severity: "warning", onset: { step: 600 } });
  expect(found?.causes[0]?.id).toBe("schedule-decayed-too-early");
  expect(changesOf(found)).toContainEqual({ key: "max_steps", from: 600, to: 2000 });
});

test("finds milestones of epochs that were counted in batches, also where the rate fell before the first row", () => {
  const milestones = (after: number): Row[] =>
    rows.slice(0, 60).map((row, i): Row => {
      const loss = Math.log(6) * (1 + 0.04 * next.normal());
      return { step: row.step, loss, learning_rate: i < after ? 0.01 : 1e-4 };
    });
  const config = { num_classes: 6, learning_rate: 0.1 };
  const found = findingOf(rule, { rows: milestones(1), config });
  expect(found).toMatchObject({ severity: "warning", onset: { step: 20 } });
  expect(found?.message).toContain("0.0001 of 0.1");
  expect(found?.causes[0]?.id).toBe("schedule-decayed-too-early");
  // In its last third a rate may rest.
  expect(findingOf(rule, { rows: milestones(40), config })).toBeUndefined();
});

test("finds such a schedule in a short log too", () => {
  const ended = rows.slice(0, 24).map((row, i): Row => ({
    ...row,
    learning_rate: i < 10 ? 0.5e-3 * (1 + Math.cos((Math.PI * i) / 10)) : 0,
    ...(i < 10 ? {} : { loss: 6 * (1 + 0.01 * next.normal()) }),
  }));
  expect(findingOf(rule, { rows: ended })?.causes[0]?.id).toBe("schedule-decayed-too-early");
});

test("finds a random start that gained little and stands still at the full rate", () => {
  const found = findingOf(rule, { rows: stuck(0.08), config: { vocab_size: 5000, learning_rate: 1e-3 } });
  expect(found?.severity).toBe("warning");
  expect(found?.message).toContain("Only 8 % of what guessing costs");
  const half = findingOf(rule, { rows: stuck(0.25), config: { vocab_size: 5000, learning_rate: 1e-3 } });
  expect(half?.severity).toBe("info");
});

test("names an epsilon that is too large", () => {
  const found = findingOf(rule, {
    rows: stuck(0.08),
    config: { vocab_size: 5000, learning_rate: 1e-3, adam_epsilon: 0.01 },
  });
  expect(found?.causes[0]?.id).toBe("adam-epsilon-too-large");
});

test("is silent on plateaus of runs that learned, and where what can be reached is not known", () => {
  for (const family of ["plateau", "characters", "hardToPredict", "gentle"])
    for (let seed = 300; seed < 306; seed++) {
      const story = healthyFamilies.get(family)?.(seed) ?? { rows: [] };
      expect(findingOf(rule, story), `${family} ${seed}`).toBeUndefined();
    }
  expect(findingOf(rule, { rows: stuck(0.08) })).toBeUndefined();
});

test("a plateau after a fall is explained", () => {
  const story = healthyFamilies.get("plateau")?.(5) ?? { rows: [] };
  expect(
    reportOn(story)
      .explained.map(({ sign }) => sign)
      .join(),
  ).toContain("Loss has stood at");
});

test("is not applicable to a short log", () => {
  expect(missingFor(rule, { rows: rows.slice(0, 25) })).toEqual(["loss of supervised training, 40 rows of it"]);
});
