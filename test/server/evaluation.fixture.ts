import type { Evaluation } from "../../src/model/evaluation.ts";
import type { JudgedExample } from "../../src/model/example.ts";

/** A tenth of each error; long ones (every fifth) are right. */
export const exampleOf = (i: number): JudgedExample => ({
  id: `e${i}`,
  line: i + 1,
  input: `input ${i}`,
  prediction: i % 5 === 0 ? `right words of ${i}` : `wrong words of ${i}`,
  references: [`right words of ${i}`],
  error: i % 5 === 0 ? 0 : (i % 10) / 10,
  attributes: {
    parity: i % 2 === 0 ? "even" : "odd",
    length: i % 5 === 0 ? "30 or more" : "under 30",
    words: String(i % 40),
  },
});

export const exampleEvaluation: Evaluation = {
  schema: "llmdbg.evaluation/1",
  task: "translation",
  n: 150,
  read: {
    path: "predictions.jsonl",
    form: "JSON lines",
    rows: 151,
    fields: [
      { role: "prediction", name: "output" },
      { role: "reference", name: "target" },
    ],
    rejected: { count: 1, examples: [{ line: 12, reason: "the line is no JSON" }] },
    taskFrom: "given",
  },
  metrics: [
    {
      name: "chrf",
      value: 63.2,
      low: 60.1,
      high: 66.4,
      level: 0.95,
      n: 150,
      signature: "chrF2|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no",
      better: "higher",
    },
    {
      name: "exact_match",
      value: 0.2,
      low: 0.14,
      high: 0.27,
      level: 0.95,
      n: 150,
      signature: "exact_match|normalised:SQuAD",
      better: "higher",
    },
  ],
  errors: {
    measuredBy: "chrf",
    count: 120,
    groups: [{ id: "cut-short", title: "cut short", count: 12, examples: ["e1", "e3"] }],
  },
  dataFaults: [
    {
      id: "duplicate-inputs",
      severity: "warning",
      title: "Inputs occur twice",
      message: "2 inputs occur more than once.",
      count: 2,
      examples: [{ id: "e4", line: 5, note: "same input as line 9" }],
      advice: "Remove the copies, or give them one group.",
    },
  ],
  slices: [
    {
      where: [{ attribute: "parity", value: "odd" }],
      n: 75,
      error: 0.5,
      baseline: 0.3,
      difference: 0.2,
      low: 0.1,
      high: 0.3,
      p: 0.0001,
      q: 0.0002,
      overlap: 0,
      coverage: 0.6,
      examples: ["e9"],
    },
  ],
  search: { attributes: 2, candidates: 8, depth: 2, discovered: 2, confirmed: 1, visibleDifference: 0.12 },
  advice: [
    {
      id: "raise-length-limit",
      summary: "Let outputs be longer",
      changes: [{ key: "max_new_tokens", from: 64, to: 128 }],
      dialect: "hf",
      expect: "outputs of long inputs end with a full stop",
      source: "https://huggingface.co/docs/transformers/main_classes/text_generation",
    },
  ],
  notApplicable: [{ metric: "perplexity", missing: ["log probabilities of tokens"] }],
};
