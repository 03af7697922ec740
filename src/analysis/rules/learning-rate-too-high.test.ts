import { expect, test } from "vitest";
import { watchedStory } from "../layers.fixture.ts";
import { changesOf, findingOf, missingFor, reportOn } from "../outcome.fixture.ts";
import { faultFamilies } from "../faulty.fixture.ts";
import { healthyFamilies } from "../healthy.fixture.ts";
import { healthyRows, random, type Row, usualShape } from "../synthetic.fixture.ts";

const rule = "learning-rate-too-high";
const next = random(43);
const rows = healthyRows(random(44), { ...usualShape, schedule: "constant", rate: 0.05 });

test("finds a loss that rises above its start, relapses and gains little", () => {
  const fault = faultFamilies.get("restless")?.(7);
  const found = findingOf(rule, fault?.story ?? { rows: [] });
  expect(found?.severity).toBe("warning");
  expect(found?.causes[0]?.id).toBe("learning-rate-too-high");
  expect(changesOf(found)).toContainEqual({ key: "learning_rate", from: 0.05, to: 0.005 });
});

test("finds relapses at an ordinary rate where little was gained", () => {
  // Rises over some tens of rows at uneven distances.
  const relapse = (i: number): number =>
    [40, 95, 118, 170].reduce((sum, center) => sum + 0.2 * Math.exp(-(((i - center) / 9) ** 2)), 0);
  const relapsing = rows.map((row, i): Row => ({
    ...row,
    learning_rate: 1e-3,
    loss: 8 * (i < 5 ? 1 : 0.75 + relapse(i)) * (1 + 0.01 * next.normal()),
  }));
  expect(findingOf(rule, { rows: relapsing, config: { learning_rate: 1e-3 } })?.message).toContain("rose again");
});

test("is part of a divergence where the loss is lost", () => {
  const fault = faultFamilies.get("badLaunch")?.(3);
  const report = reportOn({ ...(fault?.story ?? { rows: [] }), config: { learning_rate: 0.08, optim: "adamw_torch" } });
  expect(report.findings.filter(({ severity }) => severity !== "info").map((finding) => finding.rule)).toEqual([
    "loss-divergence",
  ]);
});

test("is silent on healthy runs that are restless: noise, small batches, restarts, a bump in the warm-up", () => {
  for (const family of ["noisy", "smallBatch", "restarts", "warmUpBump", "stableThenDecay", "epochSteps", "slowStart"])
    for (let seed = 310; seed < 316; seed++) {
      const story = healthyFamilies.get(family)?.(seed) ?? { rows: [] };
      expect(findingOf(rule, story), `${family} ${seed}`).toBeUndefined();
    }
});

test("is silent on a high rate with which a run learns well", () => {
  expect(findingOf(rule, { rows, config: { learning_rate: 0.05, optim: "adamw_torch" } })).toBeUndefined();
});

test("judges a rate by what its optimizer is used with", () => {
  // Half of a long run: little was gained, and then no more.
  const begun = rows.slice(0, 16).map((row, i): Row => ({ ...row, loss: 6 - 0.1 * Math.min(i, 5) }));
  const on = (optim: string, rate: number) =>
    findingOf(rule, { rows: begun.map((row) => ({ ...row, learning_rate: rate })), config: { optim } })?.severity;
  expect(on("adamw_torch", 0.02)).toBe("warning");
  for (const optim of ["adafactor", "Muon"]) expect(on(optim, 0.02), optim).toBeUndefined();
  for (const optim of ["prodigy", "DAdaptAdam"]) expect(on(optim, 1), optim).toBeUndefined();
  expect(on("adafactor", 2)).toBe("warning");
});

test("a rate a few times too high is no fault while the loss goes on falling, and one many times too high is", () => {
  const falling = rows.slice(0, 30).map((row, i): Row => ({ ...row, loss: 6 - 0.05 * i }));
  const on = (rate: number) =>
    findingOf(rule, {
      rows: falling.map((row) => ({ ...row, learning_rate: rate })),
      config: { optim: "adamw_torch" },
    });
  expect(on(0.03)).toBeUndefined();
  expect(on(0.06)?.severity).toBe("warning");
});

test("is not applicable to a short log", () => {
  expect(missingFor(rule, { rows: rows.slice(0, 11) })).toEqual(["loss of supervised training, 12 rows of it"]);
});

test("counts a first update that threw the weights, and not the doubling of weights that began at 0", () => {
  const slow = (value: number, isOf: (layer: string) => boolean) => {
    const story = watchedStory(1, { update_ratio: (row, layer) => (row === 0 && isOf(layer) ? value : undefined) });
    const series = story.series?.map((one) => ({ ...one, step: one.step.map((step) => step - 49) })) ?? [];
    return { ...story, series, rows: story.rows.map((row) => ({ ...row, loss: 6 + (row["loss"] ?? 0) / 8 })) };
  };
  expect(
    findingOf(
      "learning-rate-too-high",
      slow(1.4, () => true),
    ),
  ).toMatchObject({ onset: { step: 1 } });
  expect(
    findingOf(
      "learning-rate-too-high",
      slow(1, (layer) => /proj|out/.test(layer)),
    ),
  ).toBeUndefined();
});

test("an extreme rate is told although its first rows, means of thrown steps, look like a wrong start", () => {
  const thrown = rows.map((row, i): Row => ({
    ...row,
    learning_rate: 0.3,
    loss: 3.2 + 6.6 * Math.exp(-i / 2) + 0.02 * next.normal(),
  }));
  const config = { learning_rate: 0.3, optim: "adamw_torch", vocab_size: 27 };
  const report = reportOn({ rows: thrown, config });
  expect(report.findings.filter(({ severity }) => severity !== "info").map((finding) => finding.rule)).toEqual([rule]);
  const usual = { ...config, learning_rate: 1e-3 };
  expect(
    findingOf(rule, { rows: thrown.map((row) => ({ ...row, learning_rate: 1e-3 })), config: usual }),
  ).toBeUndefined();
});

test("a rate that no recipe has is told although the loss falls, but not of soft prompts or Adagrad", () => {
  const falling = healthyRows(random(45), usualShape).map((row): Row => ({ ...row, learning_rate: 0.2 }));
  const config = { learning_rate: 0.2, optim: "adamw_torch" };
  const found = findingOf(rule, { rows: falling, config });
  expect(found).toMatchObject({ severity: "warning", onset: { step: falling[0]?.step } });
  expect(found?.causes[0]?.id).toBe(rule);
  expect(found?.message).toContain("no recipe trains with");
  expect(findingOf(rule, { rows: falling, config: { ...config, peft_type: "PROMPT_TUNING" } })).toBeUndefined();
  expect(findingOf(rule, { rows: falling, config: { ...config, optim: "adagrad" } })).toBeUndefined();
});

test("supposes Adam where the model is a transformer or the settings are Adam's, and not where they are another's", () => {
  const standing = rows.map((row, i): Row => ({
    ...row,
    learning_rate: 0.05,
    loss: (i === 0 ? 5 : 4.4) * (1 + 0.01 * next.normal()),
  }));
  const found = findingOf(rule, { rows: standing, config: { learning_rate: 0.05, num_attention_heads: 4 } });
  expect(found?.causes[0]?.id).toBe(rule);
  expect(findingOf(rule, { rows: standing, config: { learning_rate: 0.05, adam_beta2: 0.98 } })).toBeDefined();
  expect(findingOf(rule, { rows: standing, config: { learning_rate: 0.05 } })).toBeUndefined();
  for (const other of [{ momentum: 0.9 }, { patch_size: 4 }, { optimizer: "SGD" }])
    expect(findingOf(rule, { rows: standing, config: { learning_rate: 0.05, n_head: 4, ...other } })).toBeUndefined();
});

test("goes by what was in force where the configured rate is a factor of the schedule's", () => {
  const noam = rows.map((row, i): Row => ({
    ...row,
    learning_rate: 7e-4,
    loss: (i === 0 ? 5 : 4.4) * (1 + 0.01 * next.normal()),
  }));
  expect(findingOf(rule, { rows: noam, config: { learning_rate: 1, n_head: 4, optim: "adam" } })).toBeUndefined();
});
