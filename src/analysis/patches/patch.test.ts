import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Change } from "../../model/finding.ts";
import { adviceOf } from "../advice.fixture.ts";
import { dialects } from "../dialects/index.ts";
import { nameOf, optionIds } from "../dialects/dialect.ts";
import { patchesOf, patchOf } from "./patch.ts";
import { withSnippet } from "./structure.ts";

const change = (key: string, to: Change["to"], from: Change["to"] = null): Change => ({ key, from, to });
const texts = (dialect: string | null, ...changes: Change[]): string[] =>
  patchesOf(adviceOf(dialect, ...changes)).map(({ text }) => text);

describe("each trainer's own language", () => {
  test("Hugging Face: flags and Python", () => {
    expect(texts("hf", change("learning_rate", 0.03, 0.3), change("bf16", true))).toEqual([
      "--learning_rate 0.03 --bf16 true",
      "args = TrainingArguments(\n    # the others as before\n    learning_rate=0.03,  # was 0.3\n    bf16=True,\n)",
    ]);
  });
  test.each(["hf", "trl", "ms-swift", "llama-factory"])("%s: patience is an argument of a callback", (dialect) => {
    const callback = "trainer.add_callback(EarlyStoppingCallback(early_stopping_patience=3))";
    expect(texts(dialect, change("early_stopping_patience", 3))).toEqual([callback]);
    const both = patchesOf(
      adviceOf(dialect, change("load_best_model_at_end", true), change("early_stopping_patience", 3)),
    );
    expect(both[0]?.text).not.toContain("patience");
    expect(both.at(-1)).toMatchObject({ text: callback, language: "python", isRest: true });
  });
  test("TRL", () => {
    expect(texts("trl", change("completion_only_loss", false))[1]).toContain("SFTConfig(  # or DPOConfig");
  });
  test("Axolotl: YAML with numbers that PyYAML reads as numbers", () => {
    expect(texts("axolotl", change("learning_rate", 1e-7, 1e-5), change("bf16", true))).toEqual([
      "learning_rate: 1.0e-7  # was 0.00001\nbf16: true",
    ]);
  });
  test("DeepSpeed: nested JSON", () => {
    const [text = ""] = texts("deepspeed", change("optimizer.params.lr", 3e-5), change("gradient_clipping", 1));
    expect(JSON.parse(text)).toEqual({ optimizer: { params: { lr: 3e-5 } }, gradient_clipping: 1 });
  });
  test("torchtitan: TOML with sections", () => {
    expect(texts("torchtitan", change("optimizer.lr", 3e-4, 3e-3), change("training.max_norm", 1))).toEqual([
      "[optimizer]\nlr = 0.0003  # was 0.003\n\n[training]\nmax_norm = 1",
    ]);
  });
  test("Lightning: each setting where it is set", () => {
    expect(texts("lightning", change("lr", 0.01), change("gradient_clip_val", 1, 0))).toEqual([
      "optimizer = torch.optim.AdamW(self.parameters(), lr=0.01)\ntrainer = Trainer(\n    # the others as before\n    gradient_clip_val=1,  # was 0\n)",
    ]);
  });
  test("Keras", () => {
    const [text] = texts(
      "keras",
      change("optimizer.learning_rate", 0.001),
      change("optimizer.global_clipnorm", 1),
      change("keras.config.set_dtype_policy", "mixed_bfloat16"),
    );
    expect(text).toBe(
      'optimizer = keras.optimizers.AdamW(\n    learning_rate=0.001,\n    global_clipnorm=1,\n)\nkeras.config.set_dtype_policy("mixed_bfloat16")',
    );
  });
  test("Megatron, nanoGPT, verl and a script of one's own", () => {
    expect(texts("megatron", change("--lr", 1e-4), change("--bf16", true))).toEqual(["--lr 0.0001 --bf16"]);
    expect(texts("nanogpt", change("learning_rate", 1e-4))).toEqual(["--learning_rate=0.0001"]);
    expect(texts("verl", change("trainer.total_epochs", 2))).toEqual(["trainer.total_epochs=2"]);
    expect(texts(null, change("learning_rate", 0.03, 0.3))).toEqual(["learning_rate = 0.03  # was 0.3"]);
  });
  test("the width of LoRA, where each trainer has it", () => {
    expect(texts("axolotl", change("lora_r", 64, 16))).toEqual(["lora_r: 64  # was 16"]);
    expect(texts("torchtune", change("model.lora_rank", 64, 16))[0]).toBe("model:\n  lora_rank: 64  # was 16");
    expect(texts("trl", change("lora_r", 64, 16))).toEqual([
      "--lora_r 64",
      "peft_config = LoraConfig(\n    # the others as before\n    r=64,  # was 16\n)",
    ]);
  });
  test("what the trainer has no option for is set in the script", () => {
    expect(patchesOf(adviceOf("hf", change("dropout", 0.1))).map(({ label }) => label)).toEqual(["in your script"]);
  });
});

test("advice in words is said beside what is pasted; an action has no patch", () => {
  const words = change("checkpoint.load_step", "the last checkpoint before step 240");
  expect(texts("torchtitan", words)).toEqual([]);
  expect(texts("torchtitan", change("optimizer.lr", 3e-4), words)).toEqual([
    "[optimizer]\nlr = 0.0003\n# by hand: checkpoint.load_step: the last checkpoint before step 240",
  ]);
  expect(patchOf(adviceOf("hf"))).toBeUndefined();
});

test("a name of ours is no option of an unknown trainer, unless its configuration has it", () => {
  expect(texts(null, change("keep_best", true), change("early_stopping_patience", 3))).toEqual([]);
  expect(texts(null, change("early_stopping_patience", 3, 10))).toEqual(["early_stopping_patience = 3  # was 10"]);
});

test("what the first form cannot hold is marked as its rest", () => {
  const patches = patchesOf(adviceOf("trl", change("weight_decay", 0.1), change("dropout", 0.1)));
  expect(patches.map(({ isRest }) => isRest === true)).toEqual([false, false, true]);
  expect(patches[2]?.text).toBe("dropout = 0.1");
});

test("values of a run cannot break out of the text", () => {
  const hostile = "x';rm\t-rf/#\n\"";
  expect(texts("hf", change("resume_from_checkpoint", hostile))[0]).not.toMatch(/^[^']*;/);
  expect(parse(texts("axolotl", change("resume_from_checkpoint", hostile))[0] ?? "")).toEqual({
    resume_from_checkpoint: hostile,
  });
  const words = "x\nlearning_rate: 9 ' \"";
  const remark = texts("axolotl", change("learning_rate", 1e-5), change("resume_from_checkpoint", words))[0] ?? "";
  expect(parse(remark)).toEqual({ learning_rate: 1e-5 });
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython) console.log("skipped: the syntax of Python patches is not checked without python3");

test("every option of every dialect has a patch that its language can read", () => {
  const python: string[] = [];
  for (const dialect of dialects)
    for (const option of optionIds) {
      if (dialect.options[option] === undefined) continue;
      const { key } = nameOf(dialect, option);
      const patches = patchesOf(adviceOf(dialect.id, change(key, 0.5, 1)));
      expect(patches.length, `${dialect.id} ${key}`).toBeGreaterThan(0);
      for (const { language, text } of patches) {
        if (language === "json") expect(() => JSON.parse(text) as unknown).not.toThrow();
        if (language === "yaml") expect(parse(text)).toBeTypeOf("object");
        if (language === "python") python.push(text);
      }
    }
  for (const id of [
    "add-normalisation",
    "lower-initialization",
    "raise-initialization",
    "add-qk-norm",
    "fix-head",
    "add-z-loss",
    "widen-lora",
  ])
    for (const dialect of ["hf", "keras"]) python.push(withSnippet({ ...adviceOf(dialect), id }).snippet?.text ?? "(");
  const check = "import ast, json, sys\nfor text in json.load(sys.stdin): ast.parse(text)";
  if (hasPython)
    execFileSync("python3", ["-c", check], { input: JSON.stringify(python), stdio: ["pipe", "ignore", "inherit"] });
});

describe("structure", () => {
  test("code in the framework's words, and the kind is said", () => {
    const made = withSnippet({ ...adviceOf("keras"), id: "leaky-activation" });
    expect(made.kind).toBe("structure");
    expect(made.snippet?.text).toContain("keras.layers.Dense");
    expect(withSnippet({ ...adviceOf("hf"), id: "leaky-activation" }).snippet?.text).toContain("nn.GELU");
    expect(patchOf(made)).toMatchObject({ label: "model code", language: "python" });
  });
  test("advice that is none of them stays as it is, whatever its name", () => {
    for (const id of ["lower-learning-rate", "constructor", "__proto__"])
      expect(withSnippet({ ...adviceOf("hf"), id })).toEqual({ ...adviceOf("hf"), id });
  });
});
