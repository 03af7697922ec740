/** `llmdbg evaluate` as it is installed: what is said of good files and of broken ones, and the exit status. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { Evaluation } from "../../src/model/evaluation.ts";
import { root } from "./built.ts";
import { llmdbg, workplace } from "./llmdbg.ts";

const { dir } = workplace();

function file(name: string, content: string | Uint8Array): string {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

const lines = (rows: readonly unknown[]): string => `${rows.map((row) => JSON.stringify(row)).join("\n")}\n`;
const animals = Array.from({ length: 60 }, (_, i) => ({
  id: `a${i}`,
  input: `picture ${i}`,
  prediction: i % 5 === 0 ? "cat" : i % 2 === 0 ? "dog" : "cat",
  label: i % 2 === 0 ? "dog" : "cat",
}));

const evaluated = async (args: readonly string[]): Promise<Evaluation> => {
  const { stdout, stderr } = await llmdbg(["evaluate", ...args, "--json"]);
  expect(stderr).toBe("");
  return Evaluation.parse(JSON.parse(stdout));
};

const translated = "fixtures/evaluate/translate.jsonl";

test("--json is one document of the published schema, and nothing else", async () => {
  const { status, stdout, stderr } = await llmdbg(["evaluate", translated, "--json"]);
  expect([status, stderr]).toEqual([0, ""]);
  const schema: unknown = JSON.parse(readFileSync(join(root, "docs/schemas/evaluation-1.json"), "utf8"));
  if (typeof schema !== "object" || schema === null) throw new Error("no schema");
  const validate = new Ajv({ strict: false }).compile(schema);
  expect(validate(JSON.parse(stdout)), JSON.stringify(validate.errors)).toBe(true);
});

test("a translator's predictions are known for translations", async () => {
  const { task, n, read } = await evaluated([translated]);
  expect([task, n, read?.form]).toEqual(["translation", 600, "JSON lines"]);
});

test("the kind of sentence that the translator gets wrong is found: more than one number", async () => {
  const { slices, search, advice } = await evaluated([translated]);
  expect(slices[0]?.where).toEqual([{ attribute: "numbers in the input", value: "at least 2" }]);
  const [slice] = slices;
  expect(Number(slice?.error)).toBeGreaterThan(3 * Number(slice?.baseline));
  expect(Number(slice?.low)).toBeGreaterThan(0);
  expect(slice?.coverage).toBeGreaterThan(0.4);
  expect(search?.confirmed).toBe(slices.length);
  expect(advice.map(({ id }) => id)).toEqual(["data-of-slice"]);
});

test("labels are known for a classification, with the exact interval of the accuracy", async () => {
  const { task, metrics } = await evaluated([file("animals.jsonl", lines(animals))]);
  expect(task).toBe("classification");
  // 54 of 60, and Wilson's interval of it.
  expect(metrics.find(({ name }) => name === "accuracy")).toMatchObject({
    value: 0.9,
    n: 60,
    low: expect.closeTo(0.7985, 3),
    high: expect.closeTo(0.9534, 3),
  });
});

test("the same examples from CSV, a packed file and files of lines", async () => {
  const csv = file(
    "animals.csv",
    ["id,prediction,label", ...animals.map((row) => `${row.id},${row.prediction},${row.label}`)].join("\n"),
  );
  const packed = file("animals.jsonl.gz", gzipSync(lines(animals)));
  const [hypotheses, references] = [
    file("hyp.txt", animals.map(({ prediction }) => `${prediction}\n`).join("")),
    file("ref.txt", animals.map(({ label }) => `${label}\n`).join("")),
  ];
  for (const args of [[csv], [packed], [hypotheses, "--references", references]]) {
    const { metrics } = await evaluated(args);
    expect(metrics.find(({ name }) => name === "accuracy")?.value, args.join(" ")).toBe(0.9);
  }
});

test("a person reads what was read, the faults first, the metrics, what fails and what to do next", async () => {
  const rows = animals.map((row, i) => (i < 3 ? { ...row, prediction: null } : row));
  const path = file("some-missing.jsonl", lines(rows));
  const { status, stdout } = await llmdbg(["evaluate", path]);
  expect(status).toBe(1);
  const places = [
    "classification, 60 examples",
    'reference from "label"',
    "3 predictions missing",
    "line 1: no prediction",
    "Metrics",
    "accuracy",
    "dog taken for cat",
    "Next",
  ].map((text) => stdout.indexOf(text));
  expect(
    places.every((place) => place >= 0),
    stdout,
  ).toBe(true);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  const never = await llmdbg(["evaluate", path, "--fail-on", "never"]);
  expect(never.status).toBe(0);
});

describe("a broken file is refused in one line that says where and what to do", () => {
  const refused = async (args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await llmdbg(["evaluate", ...args]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    return stderr.replaceAll(dir, "").trimEnd();
  };

  test("missing, empty, a directory, binary", async () => {
    expect(await refused([join(dir, "none.jsonl")])).toContain("Cannot read /none.jsonl");
    expect(await refused([file("empty.jsonl", "")])).toBe("llmdbg: /empty.jsonl is empty; nothing was written to it.");
    expect(await refused([dir])).toContain("is a directory; name the file in it");
    expect(
      await refused([
        file(
          "x.bin",
          new Uint8Array(4000).map((_, i) => i % 7),
        ),
      ]),
    ).toContain("is a binary file; predictions are read from JSON lines");
    expect(await refused([file("x.parquet", "PAR1....")])).toContain(
      "to_json('predictions.jsonl', orient='records', lines=True)",
    );
  });

  test("unequal numbers of lines", async () => {
    const args = [file("h.txt", "a\nb\n"), "--references", file("r.txt", "a\nb\nc\n")];
    expect(await refused(args)).toContain("/h.txt has 2 rows and /r.txt has 3: from line 3 of /r.txt on");
  });

  test("two tasks in one file", async () => {
    const rows = [
      ...animals.slice(0, 5),
      ...[1, 2, 3].map((i) => ({ hypothesis: `Satz ${i}`, reference: `Satz ${i}` })),
    ];
    expect(await refused([file("mixed.jsonl", lines(rows))])).toContain(
      "rows of two kinds: 5 rows with prediction and label (line 1, 2, 3), and 3 rows with hypothesis and reference (line 6, 7, 8)",
    );
  });

  test("no predictions", async () => {
    expect(await refused([file("gold.jsonl", lines([{ question: "a", label: "b" }]))])).toContain(
      "no field that looks like predictions (it has label, question); name it with --prediction-field",
    );
  });

  test("a list that breaks off, and no JSON at all", async () => {
    expect(await refused([file("cut.json", '{"a":\n{"b": [1,\n')])).toContain("line 3: not JSON");
  });
});

test("no references at all: an error of the data, not a wrong score", async () => {
  const rows = animals.map(({ id, input, prediction }) => ({ id, input, prediction }));
  const evaluation = await evaluated([file("no-gold.jsonl", lines(rows)), "--task", "classification"]);
  expect(evaluation.dataFaults[0]).toMatchObject({ id: "missing-references", severity: "error", count: 60 });
  expect(evaluation.metrics).toEqual([]);
  expect(evaluation.notApplicable.find(({ metric }) => metric === "accuracy")?.missing).toEqual(["references"]);
});

test("a line of several megabytes costs that line only", async () => {
  const rows = [
    ...animals,
    { id: "huge", prediction: "x".repeat(3_000_000), label: "cat" },
    { id: "last", prediction: "cat", label: "cat" },
  ];
  const { n, read, dataFaults } = await evaluated([file("huge.jsonl", lines(rows))]);
  expect(n).toBe(61);
  expect(read?.rejected).toEqual({ count: 1, examples: [{ line: 61, reason: "longer than 1 MB" }] });
  expect(dataFaults.map(({ id }) => id)).toEqual(["unreadable-rows"]);
});
