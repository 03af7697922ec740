import { describe, expect, test } from "vitest";
import type { FlatConfig } from "../../model/config.ts";
import type { Advice } from "../../model/finding.ts";
import { adviceOf } from "../advice.fixture.ts";
import { appliedAdvice, codeChange, otherChanges } from "./applied.ts";
import { isBookkeeping, isSeed } from "./bookkeeping.ts";

const rate = (dialect: string | null = "hf", to = 0.03): Advice =>
  adviceOf(dialect, { key: "learning_rate", from: 0.3, to });

function seen(given: Advice, before: FlatConfig, after: FlatConfig, more: { before?: object; after?: object } = {}) {
  const { state, changes } = appliedAdvice(
    "rule",
    given,
    { config: before, ...more.before },
    { config: after, ...more.after },
  );
  return { state, now: changes[0]?.now, seenIn: changes[0]?.seenIn };
}

describe("settings", () => {
  test.each([
    ["to the letter", 0.03, "applied"],
    ["rounded", 0.025, "applied"],
    ["in the direction, less far", 0.1, "partly"],
    ["in the direction, farther", 0.002, "partly"],
    ["as a string", "0.03", "applied"],
    ["not at all", 0.3, "not-applied"],
    ["hardly", 0.295, "not-applied"],
    ["the other way", 1, "not-applied"],
  ])("%s", (_, now, state) => {
    expect(seen(rate(), { learning_rate: 0.3 }, { learning_rate: now }).state).toBe(state);
  });

  test("under other spellings of the same setting, nested or as a flag", () => {
    expect(seen(rate(), { lr: 0.3 }, { "optimizer.lr": 0.03 }).state).toBe("applied");
    expect(seen(adviceOf("megatron", { key: "--lr", from: 0.3, to: 0.03 }), { lr: 0.3 }, { "--lr": 0.03 }).state).toBe(
      "applied",
    );
    expect(
      seen(
        adviceOf("deepspeed", { key: "optimizer.params.lr", from: 0.3, to: 0.03 }),
        { "optimizer.params.lr": 0.3 },
        { "optimizer.params.lr": 0.03 },
      ).state,
    ).toBe("applied");
    const clip = adviceOf("lightning", { key: "gradient_clip_val", from: null, to: 1 });
    expect(seen(clip, { epochs: 3 }, { epochs: 3, "trainer.gradient-clip-val": 1 }).state).toBe("applied");
  });

  test("an unset setting that is now set", () => {
    const warm = adviceOf("hf", { key: "warmup_steps", from: null, to: 100 });
    expect(seen(warm, { lr: 1 }, { lr: 1, warmup_steps: 100 }).state).toBe("applied");
    expect(seen(warm, { lr: 1 }, { lr: 1, warmup_steps: 20 }).state).toBe("partly");
    expect(seen(warm, { lr: 1 }, { lr: 1 }).state).toBe("not-applied");
  });

  test("a ratio for steps tells only the direction", () => {
    const warm = adviceOf("hf", { key: "warmup_steps", from: null, to: 100 });
    expect(seen(warm, { warmup_ratio: 0 }, { warmup_ratio: 0.03 }).state).toBe("partly");
  });

  test("switches, words and removals", () => {
    const precision = adviceOf("hf", { key: "bf16", from: null, to: true });
    expect(seen(precision, { fp16: true }, { fp16: false, bf16: "True" }).state).toBe("applied");
    const resume = adviceOf("hf", {
      key: "resume_from_checkpoint",
      from: null,
      to: "the last checkpoint before step 240",
    });
    expect(seen(resume, { lr: 1 }, { lr: 1, resume_from_checkpoint: "out/checkpoint-200" }).state).toBe("applied");
    const remove = adviceOf("hf", { key: "label_smoothing_factor", from: 0.1, to: null });
    expect(seen(remove, { label_smoothing_factor: 0.1 }, { label_smoothing_factor: null }).state).toBe("applied");
  });

  test("several changes: some of them is in part", () => {
    const both = adviceOf(
      "hf",
      { key: "learning_rate", from: 0.3, to: 0.03 },
      { key: "warmup_steps", from: 0, to: 100 },
    );
    expect(seen(both, { learning_rate: 0.3 }, { learning_rate: 0.03, warmup_steps: 100 }).state).toBe("applied");
    expect(seen(both, { learning_rate: 0.3 }, { learning_rate: 0.03 }).state).toBe("partly");
  });

  test("without any configuration it is unknown, and never taken for ignored", () => {
    expect(seen(rate(), {}, {}).state).toBe("unknown");
  });

  test("the logged learning rate stands for one that was not recorded", () => {
    const result = seen(rate(), {}, {}, { before: { peakRate: 0.3 }, after: { peakRate: 0.03 } });
    expect(result).toEqual({ state: "applied", now: 0.03, seenIn: "metrics" });
  });
});

describe("code", () => {
  const diff = (line: string): string =>
    `diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-args = dict(learning_rate=0.3)\n+${line}\n`;
  const at = (gitDiff: string): { environment: object } => ({ environment: { gitCommit: "a".repeat(40), gitDiff } });

  test.each(["args = dict(learning_rate=0.03)", '  "learning_rate": 0.03,', "learning_rate: 3e-2"])("%s", (line) => {
    expect(seen(rate(), {}, {}, { before: at(""), after: at(diff(line)) })).toEqual({
      state: "applied",
      now: 0.03,
      seenIn: "code",
    });
  });

  test("a line that both have says nothing", () => {
    const same = at(diff("learning_rate = 0.03"));
    expect(seen(rate(), {}, {}, { before: same, after: same }).state).toBe("unknown");
  });

  test("structure is recognised by what its snippet names", () => {
    const structure = {
      ...adviceOf("hf"),
      snippet: { language: "python", text: "self.norm = nn.LayerNorm(dim)\nx = x + self.attention(self.norm(x))" },
    };
    const used = seen(structure, {}, {}, { before: at(""), after: at(diff("self.norm = torch.nn.LayerNorm(64)")) });
    expect(used.state).toBe("applied");
    expect(seen(structure, {}, {}, { before: at(""), after: at(diff("x = 1")) }).state).toBe("not-applied");
    expect(seen(structure, {}, {}, { before: at(""), after: at("") }).state).toBe("not-applied");
    expect(seen(structure, {}, {}).state).toBe("unknown");
  });

  test("whether the code is the same", () => {
    const commit = { gitCommit: "a".repeat(40) };
    expect(codeChange(undefined, commit).state).toBe("unknown");
    expect(codeChange(commit, commit).state).toBe("same");
    expect(codeChange(commit, { gitCommit: "b".repeat(40) }).state).toBe("changed");
    expect(codeChange(commit, { ...commit, gitDiff: diff("x = 1") })).toMatchObject({
      state: "changed",
      files: ["train.py"],
    });
  });
});

test("what else changed leaves out places, logging, the seed and what the advice explains", () => {
  const before = { learning_rate: 0.3, seed: 1, output_dir: "a", logging_steps: 5, weight_decay: 0, dropout: "0.1" };
  const after = { learning_rate: 0.03, seed: 2, output_dir: "b", logging_steps: 10, weight_decay: 0.1, dropout: 0.1 };
  expect(otherChanges(before, after, new Set(["learning_rate"]))).toEqual([{ key: "weight_decay", from: 0, to: 0.1 }]);
});

test("bookkeeping and seeds by name", () => {
  for (const key of ["output_dir", "trainer.run_name", "--save-steps", "wandb_project", "report_to"])
    expect(isBookkeeping(key), key).toBe(true);
  for (const key of ["learning_rate", "model_name", "dataset_name", "max_steps", "data_seed"])
    expect(isBookkeeping(key), key).toBe(false);
  for (const key of ["seed", "training.seed", "--seed", "random_seed"]) expect(isSeed(key), key).toBe(true);
  for (const key of ["data_seed", "seeds_dir", "learning_rate"]) expect(isSeed(key), key).toBe(false);
});

test("names of settings are data: prototype keys do no harm", () => {
  const config = JSON.parse('{"__proto__": 1, "constructor": 2}') as FlatConfig;
  expect(otherChanges({}, config, new Set()).map(({ key }) => key)).toEqual(["__proto__", "constructor"]);
});
