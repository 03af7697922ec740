import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./built.ts";
import { llmdbg, workplace } from "./llmdbg.ts";

workplace();

/**
 * What people read, word for word. A change of wording is seen here before it is released;
 * `npx vitest run test/cli/transcript.test.ts -u` writes the transcripts again.
 */
const transcripts = [
  ["healthy-small-batch", 0],
  ["lr-too-high", 1],
  ["nan", 1],
  ["overfit", 0],
  ["stall", 1],
  ["accumulation-scaling", 0],
] as const;

test.each(transcripts)("diagnose of a recording: %s", async (story, expected) => {
  const { status, stdout } = await llmdbg(["diagnose", `fixtures/translate-${story}-seed1`]);
  expect(status).toBe(expected);
  expect(stdout).not.toContain(root);
  expect(stdout).not.toContain("\u001b");
  await expect(stdout).toMatchFileSnapshot(join("golden", `diagnose-${story}.txt`));
});

test("diagnose of a recording in a terminal without Unicode", async () => {
  const { stdout } = await llmdbg(["diagnose", "fixtures/translate-nan-seed1"], { env: { LC_ALL: "C" } });
  await expect(stdout).toMatchFileSnapshot(join("golden", "diagnose-nan-ascii.txt"));
});

test("lint of a configuration with faults, its data and its tokenizer", async () => {
  const { status, stdout, stderr } = await llmdbg([
    "lint",
    "fixtures/lint/faulty/sft/sft.yaml",
    "fixtures/lint/faulty/sft/train.jsonl",
    "fixtures/lint/faulty/sft/eval.jsonl",
    "--tokenizer",
    "fixtures/lint/tokenizers/qwen-base-like",
  ]);
  expect([status, stderr]).toEqual([1, ""]);
  expect(stdout).not.toContain(root);
  await expect(stdout).toMatchFileSnapshot(join("golden", "lint-sft.txt"));
});
