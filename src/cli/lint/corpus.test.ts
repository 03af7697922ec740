import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { LintReport } from "../../model/lint.ts";
import { lintPaths } from "./lint-paths.ts";

const folder = fileURLToPath(new URL("../../../fixtures/lint", import.meta.url));
const none = {
  config: undefined,
  data: [],
  evalData: [],
  tokenizer: undefined,
  maxLength: undefined,
  worldSize: undefined,
};

const filesIn = (path: string): string[] =>
  readdirSync(`${folder}/${path}`, { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [`${path}/${entry.name}`] : [],
  );
const lint = async (
  path: string,
  more: Partial<typeof none> | { tokenizer: string } | { worldSize: number } = {},
): Promise<LintReport> => lintPaths({ ...none, paths: [`${folder}/${path}`], ...more });

/** Said of ordinary files on purpose: an old name that current versions still know. */
const remarks = new Map([["ordinary/trl-dpo.yaml", ["renamed-option"]]]);

describe("ordinary configurations and data", () => {
  test.each([...filesIn("ordinary"), ...filesIn("ordinary/data")])("%s", async (path) => {
    const report = await lint(path);
    expect(report.findings.map(({ check }) => check)).toEqual(remarks.get(path) ?? []);
    expect(report.files.length).toBeGreaterThan(0);
    expect(report.files.every(({ note }) => note === null)).toBe(true);
  });

  test.each(["llama-like", "gemma-like"])("conversations with a tokenizer, %s", async (name) => {
    const report = await lint("ordinary/data/chat.jsonl", { tokenizer: `${folder}/tokenizers/${name}` });
    expect(report.findings).toEqual([]);
  });

  test("on 8 devices", async () => {
    const report = await lint("ordinary/deepspeed-alone.json", { worldSize: 8 });
    expect(report.findings).toEqual([]);
    expect(report.clean).toContain("deepspeed-batch");
  });
});

test("a configuration leads to its local data, DeepSpeed and scripts too", async () => {
  const roles = async (path: string): Promise<string[]> =>
    (await lint(path)).files.map(({ role, kind, rows }) =>
      [role, kind, rows].filter((part) => part !== null).join(" "),
    );
  expect(await roles("ordinary/axolotl-lora.yaml")).toEqual(["configuration axolotl", "train instruction 60"]);
  expect(await roles("ordinary/llama-factory-full.yaml")).toEqual([
    "configuration llama-factory",
    "deepspeed deepspeed",
    "train instruction 40",
  ]);
  expect(await roles("ordinary/llama-factory-pretrain.yaml")).toEqual(["configuration llama-factory", "train text 40"]);
  expect(await roles("ordinary/train_sft.py")).toEqual(["script trl", "train messages 60", "eval messages 12"]);
});

/** Each file with a fault, and every check that must speak up on it, and no other. */
const faulty: readonly { path: string; checks: readonly string[]; tokenizer?: string }[] = [
  {
    path: "axolotl.yaml",
    checks: [
      "best-model-unknown",
      "misspelled-option",
      "packing-mixes-rows",
      "precision-conflict",
      "quantised-without-adapter",
    ],
  },
  {
    path: "llama-factory.yaml",
    checks: [
      "deepspeed-mismatch",
      "empty-answers",
      "full-learning-rate",
      "long-warmup",
      "packing-mixes-rows",
      "templated-content",
    ],
  },
  { path: "torchtune.yaml", checks: ["attention-only-lora", "long-warmup", "lora-learning-rate", "lora-scale"] },
  { path: "deepspeed-alone.json", checks: ["deepspeed-batch", "misspelled-option", "precision-conflict"] },
  {
    path: "train.py",
    checks: ["best-model-unknown", "double-bos", "interval-beyond-end", "padding-is-eos", "response-template-missing"],
  },
  { path: "data/pairs.jsonl", checks: ["identical-pairs"] },
  {
    path: "data/tokenized.jsonl",
    checks: [
      "all-labels-masked",
      "double-bos",
      "eos-never-trained",
      "padding-in-labels",
      "token-out-of-range",
      "unequal-lengths",
    ],
    tokenizer: "plain",
  },
];

test.each(faulty)("faults of $path", async ({ path, checks: expected, tokenizer }) => {
  const report = await lint(
    `faulty/${path}`,
    tokenizer === undefined ? {} : { tokenizer: `${folder}/tokenizers/${tokenizer}` },
  );
  expect([...new Set(report.findings.map(({ check }) => check))].toSorted()).toEqual(expected);
  for (const { where } of report.findings) expect(where.line ?? where.key).toBeDefined();
});
