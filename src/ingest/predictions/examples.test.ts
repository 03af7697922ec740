import { describe, expect, test } from "vitest";
import type { Example } from "../../model/example.ts";
import type { ReadExamples } from "./examples.ts";
import { mixedForms } from "./mixed-forms.ts";
import { read } from "./read.fixture.ts";

const seen = ({ examples }: ReadExamples): unknown[] =>
  examples.map(({ id, input, prediction, references }: Example) => [id, input, prediction, ...references]);

const expected = [
  ["a", "Wie geht's?", "How are you?", "How are you?"],
  ["b", "Zwei\nZeilen", 'Two, "lines"', "Two lines"],
];

describe("the same examples in each form", () => {
  const rows = expected.map(([id, input, prediction, reference]) => ({ id, input, prediction, reference }));
  const quoted = (text = ""): string => `"${text.replaceAll('"', '""')}"`;
  test.each([
    ["JSON lines", rows.map((row) => JSON.stringify(row)).join("\n"), "a.jsonl"],
    [
      "JSON lines with a byte order mark",
      `\ufeff${rows.map((row) => JSON.stringify(row)).join("\r\n")}\r\n`,
      "a.jsonl",
    ],
    [
      "Python's dictionaries",
      rows.map((row) => JSON.stringify(row).replace("}", ', "extra": None}')).join("\n"),
      "a.txt",
    ],
    ["JSON list", JSON.stringify(rows, null, 2), "a.json"],
    ["JSON document", JSON.stringify({ model: "x", predictions: rows }, null, 2), "a.json"],
    [
      "JSON document in columns",
      JSON.stringify({
        id: ["a", "b"],
        input: expected.map((r) => r[1]),
        prediction: expected.map((r) => r[2]),
        reference: expected.map((r) => r[3]),
      }),
      "a.json",
    ],
    ["CSV", ["id,input,prediction,reference", ...expected.map((row) => row.map(quoted).join(","))].join("\n"), "a.csv"],
    [
      "other names",
      rows
        .map(({ id, input, prediction, reference }) =>
          JSON.stringify({ uid: id, source: input, modelOutput: prediction, targets: [reference] }),
        )
        .join("\n"),
      "a.jsonl",
    ],
    [
      "nested",
      rows
        .map(({ id, input, prediction, reference }) =>
          JSON.stringify({
            example: { id, question: input, answers: { text: [reference], answer_start: [0] } },
            model: { "Generated Text": prediction },
          }),
        )
        .join("\n"),
      "a.jsonl",
    ],
    [
      "messages of a chat",
      rows
        .map(({ id, input, prediction, reference }) =>
          JSON.stringify({
            id,
            messages: [{ role: "user", content: input }],
            response: { role: "assistant", content: prediction },
            ideal: reference,
          }),
        )
        .join("\n"),
      "a.jsonl",
    ],
  ])("%s", (_, text, name) => {
    for (const piece of [65_536, 7, 1]) {
      const result = read(text, { name, piece });
      expect(result.rejected).toEqual({ count: 0, examples: [] });
      expect(seen(result)).toEqual(expected);
    }
  });
});

describe("logs of evaluation programs", () => {
  test("samples of lm-evaluation-harness that are generated", () => {
    const line = {
      doc_id: 3,
      doc: { question: "2+2?", level: "easy" },
      target: "4",
      arguments: { gen_args_0: { arg_0: "Q: 2+2?\nA:", arg_1: {} } },
      resps: [[" 4."]],
      filtered_resps: ["4"],
      exact_match: 1,
    };
    const { examples, form } = read(JSON.stringify(line));
    expect(form).toBe("samples of lm-evaluation-harness");
    expect(examples).toMatchObject([{ id: "3", input: "Q: 2+2?\nA:", prediction: "4", references: ["4"] }]);
    expect(examples[0]?.attributes.get("level")).toBe("easy");
  });

  test.each([
    [
      "numbers",
      [
        [-4.5, false],
        [-1.5, true],
        [-9, false],
      ],
    ],
    [
      "text",
      [
        ["-4.5", "False"],
        ["-1.5", "True"],
        ["-9", "False"],
      ],
    ],
  ])("the most likely choice, where log-likelihoods are %s", (_, filtered_resps) => {
    const line = {
      doc_id: 0,
      doc: { choices: ["a", "b", "c"] },
      target: "1",
      arguments: [
        ["Q", " a"],
        ["Q", " b"],
        ["Q", " c"],
      ],
      resps: [],
      filtered_resps,
      acc: 1,
    };
    const [example] = read(JSON.stringify(line)).examples;
    expect(example).toMatchObject({ input: "Q", prediction: "1", references: ["1"] });
    expect(example?.scores?.get("1")).toBeCloseTo(1 / (1 + Math.exp(-3) + Math.exp(-7.5)), 9);
  });

  test("events of OpenAI's evals", () => {
    const lines = [
      { spec: { eval_name: "x" } },
      {
        run_id: "r",
        event_id: 0,
        sample_id: "x.0",
        type: "sampling",
        data: { prompt: [{ role: "user", content: "Capital of France?" }], sampled: ["Paris"] },
      },
      {
        run_id: "r",
        event_id: 1,
        sample_id: "x.0",
        type: "match",
        data: { correct: true, expected: "Paris", picked: "Paris", sampled: "Paris" },
      },
      { final_report: { accuracy: 1 } },
    ];
    const result = read(lines.map((line) => JSON.stringify(line)).join("\n"));
    expect(seen(result)).toEqual([["x.0", "Capital of France?", "Paris", "Paris"]]);
    expect(result.form).toBe("event log of OpenAI evals");
  });

  test("a log of inspect_ai", () => {
    const log = {
      version: 2,
      eval: { task: "t" },
      samples: [
        {
          id: 7,
          epoch: 1,
          input: "1+1?",
          target: "2",
          output: {
            choices: [{ message: { role: "assistant", content: "2" }, stop_reason: "max_tokens" }],
            usage: { output_tokens: 5 },
            time: 0.5,
          },
          scores: { match: { value: "C" } },
        },
      ],
    };
    const { examples } = read(JSON.stringify(log, null, 1), { name: "log.json" });
    expect(examples).toMatchObject([
      { id: "7", input: "1+1?", prediction: "2", references: ["2"], latencyMs: 500, outputTokens: 5 },
    ]);
    expect(examples[0]?.attributes.get("stop reason")).toBe("max_tokens");
  });

  test("results of promptfoo", () => {
    const results = {
      evalId: "e",
      results: {
        version: 3,
        results: [
          {
            prompt: { raw: "Say hi" },
            vars: { tone: "kind" },
            response: { output: "hi", tokenUsage: { completion: 1 } },
            success: true,
            latencyMs: 12,
            testCase: { assert: [{ type: "equals", value: "hi" }] },
          },
        ],
      },
    };
    expect(read(JSON.stringify(results)).examples).toMatchObject([
      { input: "Say hi", prediction: "hi", references: ["hi"], latencyMs: 12 },
    ]);
  });

  test("verdicts on several samples of a problem are gathered", () => {
    const lines = [true, false, true].map((passed, i) => ({
      task_id: "HumanEval/0",
      completion: `return ${i}`,
      passed,
    }));
    expect(read(lines.map((line) => JSON.stringify(line)).join("\n")).examples).toMatchObject([
      { id: "HumanEval/0", samples: { count: 3, passed: 2 } },
    ]);
  });
});

describe("scores", () => {
  test.each([
    [
      "by label",
      { scores: { cat: 0.75, dog: 0.25 } },
      [
        ["cat", 0.75],
        ["dog", 0.25],
      ],
    ],
    [
      "of a pipeline",
      {
        prediction: [
          { label: "cat", score: 0.75 },
          { label: "dog", score: 0.25 },
        ],
      },
      [
        ["cat", 0.75],
        ["dog", 0.25],
      ],
    ],
    [
      "in columns",
      { prob_cat: 0.75, prob_dog: 0.25 },
      [
        ["cat", 0.75],
        ["dog", 0.25],
      ],
    ],
    [
      "in the order of classes",
      { probabilities: [0.25, 0.75] },
      [
        ["0", 0.25],
        ["1", 0.75],
      ],
    ],
    ["of the positive class alone", { prediction: "1", probability: 0.75 }, [["", 0.75]]],
    [
      "before the softmax",
      { logits: [0, Math.log(3)] },
      [
        ["0", 0.25],
        ["1", 0.75],
      ],
    ],
  ])("%s", (_, row, scores) => {
    const [example] = read(JSON.stringify({ label: "cat", ...row })).examples;
    expect([...(example?.scores ?? [])].map(([label, score]) => [label, Number(score.toFixed(9))])).toEqual(scores);
    expect(example?.prediction).toBe(
      scores.reduce((best, each) => (Number(each[1]) > Number(best[1]) ? each : best))[0] || "1",
    );
  });
});

test("of the user's own columns all are kept, or those that were named; tags are one column each", () => {
  const text = [
    { id: 1, prediction: "x", label: "x", domain: "news", length: 4, tags: ["date"] },
    { id: 2, prediction: "x", label: "y", domain: "web", length: 9, metadata: { annotator: "ann" } },
  ]
    .map((row) => JSON.stringify(row))
    .join("\n");
  const all = read(text).examples.map(({ attributes }) => Object.fromEntries(attributes));
  expect(all).toEqual([
    { domain: "news", length: 4, date: true },
    { domain: "web", length: 9, annotator: "ann", date: false },
  ]);
  const named = read(text, { attributes: ["domain"] }).examples.map(({ attributes }) => Object.fromEntries(attributes));
  expect(named).toEqual([{ domain: "news" }, { domain: "web" }]);
});

test("a row that lacks its prediction does not borrow another field", () => {
  const text = '{"prediction": "a", "answer": "a", "output": "z"}\n{"answer": "b", "output": "z"}';
  expect(read(text).examples.map(({ prediction }) => prediction)).toEqual(["a", null]);
});

test("a bad row is rejected with its line and does not sink the others", () => {
  const { examples, rejected } = read(
    '{"prediction": "a", "label": "a"}\n{"prediction": \n[1, 2]\n\n{"prediction": "b", "label": "a"}',
  );
  expect(examples.map(({ line }) => line)).toEqual([1, 5]);
  expect(rejected).toEqual({
    count: 2,
    examples: [
      { line: 2, reason: 'not JSON: {"prediction":' },
      { line: 3, reason: "a list, not an object with fields" },
    ],
  });
  const table = read("prediction,label\na,b\na,b,c\n", { name: "a.csv" });
  expect(table.rejected.examples).toEqual([{ line: 3, reason: "3 fields, the header has 2" }]);
});

test("keys that would reach a prototype are data", () => {
  const { examples } = read('{"prediction": "a", "label": "a", "__proto__": {"polluted": true}, "constructor": "x"}');
  expect(examples[0]?.attributes.get("constructor")).toBe("x");
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("text with a prediction on each line, an empty one included", () => {
  expect(read("one\n\nthree\n", { name: "hyp.txt" }).examples.map(({ prediction }) => prediction)).toEqual([
    "one",
    "",
    "three",
  ]);
});

test("binary files and more text than fits are refused", () => {
  expect(read("PAR1\u0000\u0000").refusal).toBe("a Parquet file");
  const many = '{"prediction": "a", "label": "a"}\n'.repeat(100);
  expect(read(many, { mostCharacters: 5000 }).refusal).toBe("too large");
});

test("rows of two kinds are seen, single odd rows are not two kinds", () => {
  const rows = [
    ...Array<string>(5).fill('{"hypothesis": "a", "reference": "b"}'),
    ...Array<string>(5).fill('{"pred": "1", "label": "0"}'),
  ];
  expect(mixedForms(read(rows.join("\n")).forms)).toBe(
    "5 rows with hypothesis and reference (line 1, 2, 3), and 5 rows with pred and label (line 6, 7, 8)",
  );
  expect(mixedForms(read([...rows.slice(0, 5), '{"reference": "b", "note": 1}'].join("\n")).forms)).toBeNull();
});
