import { expect, test } from "vitest";
import { outcomeOf, times, type CheckCase } from "./lint.fixture.ts";

const lora = {
  model_name_or_path: "Qwen/Qwen3-4B",
  use_peft: true,
  lora_r: 16,
  lora_alpha: 32,
  learning_rate: 2e-4,
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 8,
  packing: false,
};
const rows = times(400, (i) => ({ text: `Row number ${i} of the data.` }));

const cases: readonly CheckCase[] = [
  {
    check: "learning-rate-extreme",
    fires: { config: { ...lora, learning_rate: 0 } },
    severity: "error",
    says: /learning rate is 0: no weight/,
    // Plain SGD is run at 0.1.
    innocent: { dialect: "hf", config: { learning_rate: 0.1, optim: "sgd" } },
    missing: { config: { packing: true } },
  },
  {
    check: "learning-rate-extreme",
    fires: { config: { ...lora, learning_rate: 2 } },
    severity: "error",
    says: /learning rate is 2/,
    innocent: { dialect: "deepspeed", config: { optimizer: { params: { lr: 1e-8 } } } },
  },
  {
    check: "learning-rate-extreme",
    fires: { config: { ...lora, learning_rate: -1e-4 } },
    severity: "error",
    says: /learning rate is -1e-4: optimizers refuse it at start, or each step climbs/,
    innocent: { config: { ...lora, learning_rate: 1e-4 } },
  },
  {
    check: "learning-rate-extreme",
    fires: { config: { ...lora, learning_rate: "NaN" } },
    severity: "error",
    says: /learning rate is NaN/,
    // Filled in by DeepSpeed.
    innocent: { config: { ...lora, learning_rate: "auto" } },
  },
  {
    check: "impossible-number",
    fires: { config: { ...lora, per_device_train_batch_size: -4 } },
    severity: "error",
    says: /per_device_train_batch_size is -4; it must be a whole number from 1/,
    innocent: { config: { ...lora, max_grad_norm: 0, max_steps: -1, warmup_ratio: 0 } },
    missing: { config: { packing: true } },
  },
  {
    check: "lora-learning-rate",
    fires: { config: { ...lora, learning_rate: 5e-6 } },
    severity: "warning",
    says: /LoRA with a learning rate of 5e-6/,
    // Preference tuning with adapters does start there.
    innocent: { config: { ...lora, learning_rate: 5e-6, beta: 0.1 } },
    missing: { config: { ...lora, learning_rate: undefined } },
  },
  {
    check: "full-learning-rate",
    fires: { config: { model_name_or_path: "meta-llama/Llama-3.1-8B", dataset_name: "d", learning_rate: 2e-4 } },
    severity: "warning",
    says: /All weights of a model of 8 billion/,
    innocent: { config: { model_name_or_path: "HuggingFaceTB/SmolLM2-135M", dataset_name: "d", learning_rate: 1e-3 } },
    missing: { config: { learning_rate: 2e-4, dataset_name: "d" } },
  },
  {
    check: "lora-scale",
    fires: { config: { ...lora, lora_alpha: 256 } },
    severity: "warning",
    says: /multiplied by 16/,
    innocent: { config: { ...lora, lora_r: 256, lora_alpha: 16 } },
    missing: { config: { learning_rate: 1e-4 } },
  },
  {
    check: "attention-only-lora",
    fires: { config: { ...lora, lora_target_modules: ["q_proj", "v_proj"] } },
    severity: "info",
    says: /q_proj, v_proj only/,
    innocent: { config: { ...lora, lora_target_modules: ["q_proj", "v_proj", "up_proj"] } },
    missing: { config: lora },
  },
  {
    check: "quantised-without-adapter",
    fires: { dialect: "axolotl", config: { base_model: "m", load_in_4bit: true } },
    severity: "error",
    says: /load_in_4bit quantises/,
    innocent: { dialect: "axolotl", config: { base_model: "m", load_in_4bit: true, adapter: "qlora" } },
  },
  {
    check: "precision-conflict",
    fires: { dialect: "axolotl", config: { bf16: true, fp16: true } },
    severity: "error",
    says: /bf16 and fp16 are both true/,
    innocent: { dialect: "axolotl", config: { bf16: "auto", fp16: null } },
    missing: { rows },
  },
  {
    check: "fp16-on-bf16-model",
    fires: { dialect: "hf", config: { model_name_or_path: "google/flan-t5-base", fp16: true } },
    severity: "warning",
    says: /known to overflow/,
    innocent: { dialect: "hf", config: { model_name_or_path: "google-bert/bert-base-uncased", fp16: true } },
    missing: { dialect: "hf", config: { fp16: true } },
  },
  {
    check: "deepspeed-batch",
    fires: { deepspeed: { train_batch_size: 60, train_micro_batch_size_per_gpu: 4, gradient_accumulation_steps: 2 } },
    severity: "error",
    says: /cannot make 60/,
    innocent: {
      deepspeed: { train_batch_size: 64, train_micro_batch_size_per_gpu: 4, gradient_accumulation_steps: 2 },
      worldSize: 8,
    },
    missing: { deepspeed: { train_batch_size: "auto", train_micro_batch_size_per_gpu: "auto" } },
  },
  {
    check: "deepspeed-batch",
    fires: {
      deepspeed: { train_batch_size: 64, train_micro_batch_size_per_gpu: 4, gradient_accumulation_steps: 2 },
      worldSize: 4,
    },
    severity: "error",
    says: /on 4 devices/,
    // Accumulation is derived by DeepSpeed.
    innocent: { deepspeed: { train_batch_size: 64, train_micro_batch_size_per_gpu: 4 }, worldSize: 4 },
  },
  {
    check: "deepspeed-mismatch",
    fires: {
      config: { ...lora },
      deepspeed: { gradient_accumulation_steps: 4, train_micro_batch_size_per_gpu: "auto" },
    },
    severity: "error",
    says: /gradient_accumulation_steps is 4 for DeepSpeed, while gradient_accumulation_steps is 8/,
    innocent: { config: { ...lora }, deepspeed: { gradient_accumulation_steps: "auto", bf16: { enabled: "auto" } } },
    missing: { config: lora },
  },
  {
    check: "lora-batch",
    fires: { config: { ...lora }, worldSize: 8 },
    severity: "info",
    says: /Each step takes 128 rows/,
    innocent: { config: { ...lora }, worldSize: 2 },
    missing: { dialect: "torchtune", config: { "model.lora_rank": 8 } },
  },
  {
    check: "group-indivisible",
    fires: {
      config: { num_generations: 8, per_device_train_batch_size: 6, gradient_accumulation_steps: 2 },
      worldSize: 3,
    },
    severity: "error",
    says: /36 completions on 3 devices/,
    innocent: {
      config: { num_generations: 8, per_device_train_batch_size: 6, gradient_accumulation_steps: 4 },
      worldSize: 1,
    },
    missing: { config: lora },
  },
  {
    check: "preference-beta",
    fires: { config: { model_name_or_path: "m", beta: 0, dataset_name: "d" } },
    severity: "error",
    says: /ln 2/,
    // GRPO without a reference model.
    innocent: { dialect: "axolotl", config: { rl: "simpo", rl_beta: 2 } },
    missing: { config: { num_generations: 8, beta: 0 } },
  },
  {
    check: "long-warmup",
    fires: { config: { ...lora, warmup_steps: 500, num_train_epochs: 1 }, rows },
    severity: "error",
    says: /500 steps; the run has 25/,
    innocent: { config: { ...lora, warmup_steps: 5, num_train_epochs: 1 }, rows },
    missing: { config: { ...lora, warmup_steps: 500 } },
  },
  {
    check: "long-warmup",
    fires: { config: { ...lora, warmup_steps: 60, max_steps: 100 } },
    severity: "warning",
    says: /below its set value most of the time/,
    innocent: { config: { ...lora, warmup_steps: 0.1, max_steps: 100 } },
  },
  {
    check: "best-model-unknown",
    fires: {
      config: { ...lora, load_best_model_at_end: true, eval_strategy: "steps", eval_steps: 200, save_steps: 500 },
    },
    severity: "error",
    says: /multiple of eval_steps/,
    innocent: {
      config: { ...lora, load_best_model_at_end: true, eval_strategy: "steps", eval_steps: 250, save_steps: 500 },
    },
    missing: { config: lora },
  },
  {
    check: "best-model-unknown",
    fires: {
      dialect: "llama-factory",
      config: { stage: "sft", load_best_model_at_end: true, eval_strategy: "steps", val_size: 0 },
    },
    severity: "error",
    says: /val_size is 0/,
    innocent: {
      dialect: "llama-factory",
      config: { stage: "sft", load_best_model_at_end: true, eval_strategy: "steps", val_size: 0.1 },
    },
  },
  {
    check: "interval-beyond-end",
    fires: { config: { ...lora, logging_steps: 500, max_steps: 100 } },
    severity: "warning",
    says: /no loss is logged/,
    innocent: { config: { ...lora, logging_steps: 10, eval_steps: 500, eval_strategy: "epoch", max_steps: 100 } },
    missing: { config: lora },
  },
  {
    check: "data-barely-seen",
    fires: { config: { ...lora, max_steps: 6 }, rows },
    severity: "warning",
    says: /96 of 400 rows \(24%\)/,
    innocent: { config: { ...lora, max_steps: 25 }, rows },
    missing: { config: { ...lora, max_steps: -1 }, rows },
  },
  {
    check: "many-epochs",
    fires: { config: { ...lora, num_train_epochs: 20 }, rows: times(1000, (i) => ({ text: `Row ${i}` })) },
    severity: "info",
    says: /20 epochs over 1,000 rows/,
    innocent: { config: { ...lora, num_train_epochs: 3 }, rows: times(1000, (i) => ({ text: `Row ${i}` })) },
    missing: { config: { ...lora, num_train_epochs: 20 }, rows },
  },
  {
    check: "packing-mixes-rows",
    fires: { config: { ...lora, packing: true, attn_implementation: "sdpa" } },
    severity: "warning",
    says: /does not keep packed rows apart/,
    innocent: { config: { ...lora, packing: true, attn_implementation: "flash_attention_2" } },
    missing: { config: { learning_rate: 1e-4 } },
  },
  {
    check: "renamed-option",
    fires: { config: { ...lora, evaluation_strategy: "steps" } },
    severity: "info",
    says: /called eval_strategy since/,
    innocent: { dialect: "axolotl", config: { base_model: "m", warmup_ratio: 0.1 } },
    missing: { rows },
  },
  {
    check: "repeated-key",
    fires: { config: lora, source: { repeated: [{ key: "learning_rate", line: 9 }] } },
    severity: "warning",
    says: /learning_rate is set more than once.*line 9/,
    innocent: { config: lora },
    missing: { rows },
  },
  {
    check: "misspelled-option",
    fires: { dialect: "axolotl", config: { base_model: "m", gradient_accumulation_step: 4 } },
    severity: "warning",
    says: /gradient_accumulation_steps is, and is not set/,
    innocent: {
      dialect: "axolotl",
      config: { base_model: "m", gradient_accumulation_steps: 4, lora_alpha: 16, lora_r: 16, datasets: [] },
    },
    missing: { rows },
  },
];

test.each(cases)(
  "$check: fires, is silent on the nearest innocent, and says what it misses",
  ({ check, fires, severity, says, innocent, missing }) => {
    const found = outcomeOf(check, fires);
    expect(found).toMatchObject([{ severity }]);
    if (!Array.isArray(found)) return;
    expect(found[0]?.message).toMatch(says);
    expect(found[0]?.source).toMatch(/^https:/);
    const quiet = outcomeOf(check, innocent);
    expect(quiet === "clean" || "missing" in quiet, JSON.stringify(quiet)).toBe(true);
    if (missing !== undefined) expect(outcomeOf(check, missing)).toHaveProperty("missing");
  },
);

test("advice names the options of the user's trainer, with the value they have", () => {
  const found = outcomeOf("lora-learning-rate", {
    dialect: "torchtune",
    config: {
      model: { _component_: "torchtune.models.llama3_1.lora_llama3_1_8b", lora_rank: 8 },
      optimizer: { lr: 1e-6 },
    },
  });
  expect(found).toMatchObject([
    {
      where: { file: "run.yaml", key: "optimizer.lr" },
      advice: [{ dialect: "torchtune", changes: [{ key: "optimizer.lr", from: 1e-6, to: 2e-4 }] }],
    },
  ]);
});

test("a value that only the script knows is not taken for its default", () => {
  const source = { origin: "script", unknown: new Set(["eval_strategy"]) } as const;
  expect(outcomeOf("best-model-unknown", { config: { load_best_model_at_end: true }, source })).toHaveProperty(
    "missing",
  );
  expect(
    outcomeOf("best-model-unknown", {
      config: { load_best_model_at_end: true },
      source: { origin: "script", unknown: new Set(["*"]) },
    }),
  ).toHaveProperty("missing");
});
