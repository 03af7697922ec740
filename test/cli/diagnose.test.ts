import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Report } from "../../src/model/report.ts";
import { llmdbg, workplace } from "./llmdbg.ts";

const { dir } = workplace();

const healthy = (i: number): number => 1 + 2 * Math.exp(-i / 30) + 0.02 * Math.sin(i * 7.3);
const row = (i: number, loss: unknown): object => ({
  step: i,
  epoch: i / 100,
  loss,
  grad_norm: 1 + 0.1 * Math.sin(i),
  learning_rate: 1e-4,
});
const state = (rows: readonly object[]): string =>
  JSON.stringify({ global_step: rows.length, max_steps: rows.length, logging_steps: 1, log_history: rows });
const rows = (n: number, loss: (i: number) => unknown): object[] =>
  Array.from({ length: n }, (_, i) => row(i + 1, loss(i + 1)));

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const nanFrom = (step: number): string =>
  state(rows(100, (i) => (i >= step ? "NANHERE" : healthy(i)))).replaceAll('"NANHERE"', "NaN");

test("a faulty run: verdict, sparkline with the onset, advice as a diff; status 1", async () => {
  const path = file("nan/trainer_state.json", nanFrom(61));
  const { status, stdout, stderr } = await llmdbg(["diagnose", path]);
  expect([status, stderr]).toEqual([1, ""]);
  const lines = stdout.split("\n");
  expect(lines[0]).toMatch(/^✖ error {2}nan: 1 error {2}hf, steps 1 to 100, 4 metrics$/);
  expect(stdout).toContain("non-finite-loss, since step 61");
  const bars = lines.findIndex((line) => /^ {2}loss {2}[▁-█]+×+ {2}/.test(line));
  expect(bars).toBeGreaterThan(0);
  expect((lines[bars + 1] ?? "").indexOf("▲")).toBe((lines[bars] ?? "").indexOf("×"));
  expect(stdout).toMatch(/^ {8}\+ \w+: /m);
  expect(stdout).toMatch(/^Clean {8}/m);
});

test("--json is one valid document and nothing else; --fail-on decides the status", async () => {
  const path = file("nan2/trainer_state.json", nanFrom(61));
  const { status, stdout, stderr } = await llmdbg(["diagnose", path, "--json"]);
  expect([status, stderr]).toEqual([1, ""]);
  const report = Report.parse(JSON.parse(stdout));
  expect(report.findings.map(({ rule, onset }) => [rule, onset.step])).toEqual([["non-finite-loss", 61]]);
  expect(report.findings[0]?.evidence.some(({ value }) => value === "NaN")).toBe(true);
  expect((await llmdbg(["diagnose", path, "--fail-on", "never"])).status).toBe(0);
});

test("a healthy run: nothing found, status 0, and what could not be checked is said", async () => {
  const path = file("healthy/trainer_state.json", state(rows(100, healthy)));
  const { status, stdout } = await llmdbg(["diagnose", path, "--fail-on", "info"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^○ healthy: nothing wrong in \d+ checks/);
  expect(stdout).toMatch(/Not checked .*needs/);
});

test("ASCII for terminals that have no more", async () => {
  const path = file("ascii/trainer_state.json", nanFrom(61));
  const { stdout } = await llmdbg(["diagnose", path], { env: { LC_ALL: "C" } });
  expect(stdout).not.toMatch(/[^\x00-\x7f]/);
  expect(stdout).toMatch(/^x error/);
});

test("colours only when asked for in a pipe", async () => {
  const path = file("colour/trainer_state.json", nanFrom(61));
  expect((await llmdbg(["diagnose", path])).stdout).not.toContain("\u001b[");
  expect((await llmdbg(["diagnose", path], { env: { NO_COLOR: undefined, FORCE_COLOR: "1" } })).stdout).toContain(
    "\u001b[31m",
  );
});

test("a directory of checkpoints is one run; what only an older one holds is an earlier segment", async () => {
  const all = rows(40, healthy);
  file("out/checkpoint-30/trainer_state.json", state(all.slice(0, 30)));
  file(
    "out/checkpoint-40/trainer_state.json",
    state([...all.slice(0, 20), ...rows(40, (i) => healthy(i) + 0.001).slice(20)]),
  );
  const { status, stdout } = await llmdbg(["diagnose", join(dir, "out"), "--json"]);
  expect(status).toBe(0);
  expect(Report.parse(JSON.parse(stdout)).run).toMatchObject({ name: "out", firstStep: 1, lastStep: 40 });
});

test("several runs in a directory: told apart, not mixed", async () => {
  file(
    "many/a.jsonl",
    rows(20, healthy)
      .map((each) => JSON.stringify(each))
      .join("\n"),
  );
  file("many/b.csv", `step,loss\n${Array.from({ length: 20 }, (_, i) => `${i},${healthy(i)}`).join("\n")}\n`);
  const { status, stderr } = await llmdbg(["diagnose", join(dir, "many")]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/holds 2 runs; diagnose one of them: \S+a\.jsonl, \S+b\.csv/);
});

test("text of the run reaches the terminal without control characters", async () => {
  const evil = file(
    "evil.log",
    `step: 1 loss: 2.0\n\u001b]0;owned\u0007\u001b[2Jstep: 2 loss: \u001b[31mnan\nERROR \u001b[2Jgone\n`,
  );
  for (const command of ["diagnose", "logs"]) expect((await llmdbg([command, evil])).stdout).not.toContain("\u001b");
});

const jsonl = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

test.each([
  ["an empty file", "empty.json", "", 2, /is empty/],
  ["a missing path", undefined, "", 2, /does not exist/],
  ["a binary file", "weights.bin", Uint8Array.from({ length: 4000 }, (_, i) => (i * 37) % 256), 2, /binary/],
  [
    "JSON without metrics",
    "package.json",
    '{"name": "x", "version": "1.0.0"}',
    2,
    /No metrics in .*trainer_state\.json/,
  ],
  ["text without metrics", "notes.txt", "Buy milk.\nCall the bank.\n", 2, /No metrics in /],
  ["a truncated trainer_state.json", "cut.json", state(rows(100, healthy)).slice(0, 5000), 0, /breaks off.*are kept/],
  [
    "invalid UTF-8",
    "latin.log",
    Buffer.concat(hundred.map((i) => Buffer.from(`step: ${i} loss: ${healthy(i)} \xff\n`, "latin1"))),
    0,
    /not UTF-8/,
  ],
  [
    "a step that is a string",
    "step.jsonl",
    jsonl(hundred.map((i) => JSON.stringify({ step: i === 5 ? "five" : i, loss: healthy(i) }))),
    0,
    /line 5: step is "five"/,
  ],
  [
    "a CSV whose header changes",
    "change.csv",
    `step,loss\n${hundred
      .slice(0, 50)
      .map((i) => `${i},${healthy(i)}`)
      .join("\n")}\nstep,loss,acc\n${hundred
      .slice(50)
      .map((i) => `${i},${healthy(i)},0.5`)
      .join("\n")}\n`,
    0,
    /^$/,
  ],
] as const)("%s: one clear line, and the good part is diagnosed", async (...[, name, content, expected, message]) => {
  const path = name === undefined ? join(dir, "no-such-file.json") : file(name, content);
  const { status, stdout, stderr } = await llmdbg(["diagnose", path]);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(status).toBe(expected);
  if (expected === 2) expect(stdout).toBe("");
  else expect(stdout).toMatch(/^○ .*steps 1 to (100|\d\d)/);
});

test("bare NaN in JSON lines is a value", async () => {
  const path = file("bare.jsonl", jsonl(hundred.map((i) => `{"step": ${i}, "loss": ${i > 60 ? "NaN" : healthy(i)}}`)));
  const { status, stdout } = await llmdbg(["diagnose", path]);
  expect(status).toBe(1);
  expect(stdout).toContain("since step 61");
});

test("a directory without anything", async () => {
  mkdirSync(join(dir, "nothing"), { recursive: true });
  const { status, stderr } = await llmdbg(["diagnose", join(dir, "nothing")]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/Nothing to read/);
});

test("a line of 200 MB takes neither the memory nor the good lines", async () => {
  const path = file(
    "long.log",
    Buffer.concat([
      Buffer.from("step: 1 loss: 2.0\n"),
      Buffer.alloc(200_000_000, "x"),
      Buffer.from("\nstep: 2 loss: 1.9\n"),
    ]),
  );
  const { status, stdout, stderr } = await llmdbg(["diagnose", path], {
    env: { NODE_OPTIONS: "--max-old-space-size=200" },
  });
  expect(stderr).toMatch(/line 2: the line is longer than the limit/);
  expect(status).toBe(0);
  expect(stdout).toContain("steps 1 to 2");
});
