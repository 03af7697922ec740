/** `llmdbg compare` as a person or a build runs it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Random } from "../../src/base/random.ts";
import { ExampleComparison } from "../../src/model/comparison.ts";
import { llmdbg, workplace } from "./llmdbg.ts";

const { dir: folder } = workplace();

const labels = ["pos", "neg", "neutral"];
const write = async (name: string, share: number, seed: number, idOf: (i: number) => string): Promise<string> => {
  const random = new Random(seed);
  const lines = Array.from({ length: 400 }, (_none, i) => {
    const label = labels[i % 3] ?? "";
    const prediction = random.uniform() < share ? label : (labels[random.below(3)] ?? "");
    return JSON.stringify({ id: idOf(i), input: `text ${i}`, prediction, label });
  });
  const path = join(folder, name);
  await writeFile(path, lines.join("\n"));
  return path;
};

test("a regression is status 1, with reports for the pull request and the build", { timeout: 60_000 }, async () => {
  const a = await write("main.jsonl", 0.8, 1, (i) => `e${i}`);
  const b = await write("branch.jsonl", 0.5, 2, (i) => `e${i}`);
  const [markdown, junit] = [join(folder, "r.md"), join(folder, "r.xml")];
  const worse = await llmdbg(["compare", a, b, "--markdown", markdown, "--junit", junit]);
  expect(worse.status).toBe(1);
  expect(worse.stdout).toMatch(
    /^branch\.jsonl is worse than main\.jsonl: accuracy 0\.\d+ -> 0\.\d+, -0\.\d+ \[-0\.\d+,/,
  );
  expect(await readFile(markdown, "utf8")).toMatch(
    /\| accuracy \| 0\.\d+ \| 0\.\d+ \| -0\.\d+ \| \[.*\] \| .* \| worse \|/,
  );
  expect(await readFile(junit, "utf8")).toMatch(/failures="1"[\s\S]*<failure message="accuracy is worse: /);

  const better = await llmdbg(["compare", b, a, "--json"]);
  expect(better.status).toBe(0);
  const comparison = ExampleComparison.parse(JSON.parse(better.stdout));
  expect(comparison).toMatchObject({ verdict: "better", decidedBy: "accuracy", common: 400 });
});

test("what cannot be compared says what to do", { timeout: 60_000 }, async () => {
  const a = await write("a.jsonl", 0.8, 1, (i) => `a${i}`);
  const b = await write("b.jsonl", 0.8, 1, (i) => `b${i}`);
  const strangers = await llmdbg(["compare", a, b]);
  expect(strangers.status).toBe(2);
  expect(strangers.stderr).toContain("no id is in both");
  const unknown = await llmdbg(["compare", a, a, "--metric", "bleu"]);
  expect(unknown.status).toBe(2);
  expect(unknown.stderr).toContain("these can: accuracy");
  const boxes = await llmdbg(["compare", a, a, "--task", "detection"]);
  expect(boxes.status).toBe(2);
  expect(boxes.stderr).toContain("Files of detection are not read by this version");
  const missing = await llmdbg(["compare", a, join(folder, "no.jsonl")]);
  expect(missing.status).toBe(2);
});
