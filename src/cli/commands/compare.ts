import { defineCommand } from "../command.ts";

export const compareCommand = defineCommand({
  id: "compare",
  summary: "Say whether predictions B are really better than A on the same examples",
  operands: "<a> <b>",
  options: [
    ["--references <file...>", "right answers in files of their own, for both"],
    ["--task <task>", "what kind of output it is (default: guessed from the data)"],
    ["--metric <name>", "metric that decides (default: by the task)"],
    ["--input-field <name>", "field with the input"],
    ["--prediction-field <name>", "field with the prediction"],
    ["--reference-field <name>", "field with the right answer"],
    ["--attributes <names>", "columns to keep as attributes, with commas between them"],
    ["--tokenize <name>", "BLEU's tokenizer (default: 13a)", ["13a", "zh", "char", "intl", "none"]],
    ["--markdown <file>", "also write a report for a pull request"],
    ["--junit <file>", "also write a JUnit report: a significant regression is a failure"],
  ],
  examples: [
    "llmdbg compare main.jsonl branch.jsonl",
    "llmdbg compare main.jsonl branch.jsonl --metric bleu --markdown report.md --junit report.xml",
  ],
  load: async () => (await import("../compare/compare.ts")).compare,
});
