import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { root } from "./built.ts";
import { llmdbg, workplace } from "./llmdbg.ts";

const { dir } = workplace();

function file(name: string, content: string): string {
  const path = join(dir, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const sft = "fixtures/lint/faulty/sft/sft.yaml";

test("--json is one document of the published schema, and nothing else", async () => {
  const { status, stdout, stderr } = await llmdbg(["lint", sft, "--json"]);
  expect([status, stderr]).toEqual([1, ""]);
  const document: unknown = JSON.parse(stdout);
  const schema: unknown = JSON.parse(readFileSync(join(root, "docs/schemas/lint-1.json"), "utf8"));
  expect(typeof schema === "object" && schema !== null).toBe(true);
  if (typeof schema !== "object" || schema === null) return;
  const validate = new Ajv({ strict: false }).compile(schema);
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  expect(document).toMatchObject({
    schema: "llmdbg.lint/1",
    files: [
      { role: "configuration", kind: "trl" },
      { role: "train", rows: 74, from: sft },
    ],
  });
});

test("--fail-on decides the status; ASCII where there is no more", async () => {
  expect((await llmdbg(["lint", sft, "--fail-on", "never"])).status).toBe(0);
  const { status, stdout } = await llmdbg(["lint", "fixtures/lint/ordinary/trl-sft-lora.yaml", "--fail-on", "info"], {
    env: { LC_ALL: "C" },
  });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^o lint: nothing wrong in \d+ checks/);
  expect(stdout).not.toMatch(/[^\x00-\x7f]/);
});

test.each([
  ["nothing", [], /Nothing to lint/],
  ["a missing file", ["no-such.yaml"], /no-such\.yaml does not exist/],
  [
    "two configurations",
    [sft, "fixtures/lint/ordinary/trl-dpo.yaml"],
    /are both training configurations; lint them one after the other/,
  ],
  [
    "the same data twice",
    ["fixtures/lint/faulty/sft/train.jsonl", "fixtures/lint/faulty/sft/train.jsonl"],
    /is given twice/,
  ],
  ["a configuration as data", ["--data", sft], /is no data but a configuration/],
  ["a directory without a tokenizer", ["fixtures/lint"], /without tokenizer_config\.json/],
  ["no number of devices", [sft, "--world-size", "many"], /--world-size: must be a whole number above 0/],
])("%s: one line that says what to do, status 2", async (_name, args, message) => {
  const { status, stdout, stderr } = await llmdbg(["lint", ...args]);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("what cannot be read is said, and the rest is linted", async () => {
  const config = file(
    "mixed/run.yaml",
    "base_model: m\nadapter: lora\nlora_r: 16\nlearning_rate: 2e-4\nmicro_batch_size: 1\ndatasets:\n  - path: a.parquet\n    type: alpaca\n",
  );
  file("mixed/a.parquet", "PAR1");
  const { status, stdout } = await llmdbg(["lint", config]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/a\.parquet: not read, named by/);
});

test("text of the data reaches the terminal without control characters", async () => {
  const data = file(
    "evil/train.jsonl",
    `${JSON.stringify({ messages: [{ role: "\u001b]0;owned\u0007", content: "x" }] })}\n`,
  );
  const { stdout } = await llmdbg(["lint", data]);
  expect(stdout).toContain("no template knows");
  expect(stdout).not.toContain("\u001b");
});

test("much data takes little memory", async () => {
  const row = (i: number): string =>
    JSON.stringify({
      prompt: `Question ${i}: ${"which of them is larger ".repeat(20)}`,
      completion: `Answer ${i} ${"it is the first ".repeat(20)}`,
    });
  const data = file("big/train.jsonl", Array.from({ length: 100_000 }, (_, i) => row(i)).join("\n"));
  const { status, stdout, stderr } = await llmdbg(["lint", data, "--max-length", "4096"], {
    env: { NODE_OPTIONS: "--max-old-space-size=64" },
  });
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("100,000 rows");
});
