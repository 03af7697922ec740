import { describe, expect, test } from "vitest";
import type { FlatConfig } from "../../model/config.ts";
import { createDiagnosis } from "../diagnose.ts";
import { optional } from "../fact.ts";
import { defineRule } from "../rule.ts";
import { runOf } from "../synthetic.fixture.ts";
import { options, type Options, precision, type Precision, vocabularySize } from "./options.ts";

function read(
  config: FlatConfig,
  dialect: string | null = null,
): { options: Options; precision: Precision | null; vocabulary: number | null } {
  let seen: { options: Options; precision: Precision | null; vocabulary: number | null } | undefined;
  const rule = defineRule({
    id: "reader",
    title: "",
    why: "",
    needs: { options, precision: optional(precision), vocabulary: optional(vocabularySize) },
    check(facts) {
      seen = facts;
      return [];
    },
  });
  createDiagnosis(runOf({ rows: [], config, info: { dialect } }), [rule], [])();
  if (seen === undefined) throw new Error("the rule did not run");
  return seen;
}

describe("options", () => {
  test("reads numbers under any spelling, also as text and nested", () => {
    expect(read({ lr: "1e-4" }).options.number("learning_rate")).toBe(1e-4);
    expect(read({ "optimizer.params.lr": 0.01 }, "deepspeed").options.number("learning_rate")).toBe(0.01);
    expect(read({ accumulate_grad_batches: 4 }, "lightning").options.number("gradient_accumulation_steps")).toBe(4);
    expect(read({ learning_rate: "auto" }).options.number("learning_rate")).toBeUndefined();
    expect(read({}).options.number("learning_rate")).toBeUndefined();
  });

  test("knows a key by its words where no trainer spells it so, and names it in the advice to a script of one's own", () => {
    const { options: settings } = read({ "train/lr_peak": 0.05, "--WeightDecay": "0.1", "critic.adam_lr": 1 });
    expect(settings.number("learning_rate")).toBe(0.05);
    expect(settings.number("weight_decay")).toBe(0.1);
    expect(settings.change("learning_rate", 0.005)).toEqual({ key: "train/lr_peak", from: 0.05, to: 0.005 });
    expect(read({ "critic.adam_lr": 1 }).options.number("learning_rate")).toBeUndefined();
    expect(read({ adam_lr: 1e-3, learning_rate: 1e-4 }).options.number("learning_rate")).toBe(1e-4);
    const { options: known } = read({ adam_lr: 1e-3 }, "hf");
    expect(known.change("learning_rate", 1e-4)).toEqual({ key: "learning_rate", from: 1e-3, to: 1e-4 });
  });

  test("spells changes as the trainer does", () => {
    expect(read({ learning_rate: 0.05 }, "hf").options.change("learning_rate", 0.005)).toEqual({
      key: "learning_rate",
      from: 0.05,
      to: 0.005,
    });
    expect(read({ "optimizer.lr": 3e-4 }, "torchtitan").options.change("learning_rate", 3e-5)).toEqual({
      key: "optimizer.lr",
      from: 3e-4,
      to: 3e-5,
    });
    expect(read({}, "hf").options.change("precision", "bf16")).toEqual({ key: "bf16", from: null, to: true });
    expect(read({}, "lightning").options.change("precision", "bf16")).toEqual({
      key: "precision",
      from: null,
      to: "bf16-mixed",
    });
    expect(read({}, "megatron").options.change("max_grad_norm", 1)).toEqual({ key: "--clip-grad", from: null, to: 1 });
    expect(read({ ignore_data_skip: true }, "hf").options.change("skip_seen_data", true)).toEqual({
      key: "ignore_data_skip",
      from: true,
      to: false,
    });
  });

  test("takes the observed number when the configuration has none, and canonical names without a dialect", () => {
    const { options: settings } = read({}, "unheard-of");
    expect(settings.dialect).toBeNull();
    expect(settings.change("learning_rate", 1e-4, 1e-3)).toEqual({ key: "learning_rate", from: 1e-3, to: 1e-4 });
    expect(settings.change("learning_rate", 1e-4)).toEqual({ key: "learning_rate", from: null, to: 1e-4 });
  });

  test("knows the precision and the vocabulary in their usual spellings", () => {
    expect(read({ fp16: true }).precision).toBe("fp16");
    expect(read({ "bf16.enabled": true }).precision).toBe("bf16");
    expect(read({ dtype: "bfloat16" }).precision).toBe("bf16");
    expect(read({ precision: "16-mixed" }).precision).toBe("fp16");
    expect(read({ torch_dtype: "float32" }).precision).toBe("fp32");
    expect(read({}).precision).toBeNull();
    expect(read({ "model.vocab_size": 50257 }).vocabulary).toBe(50257);
  });
});
