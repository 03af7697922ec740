import { Task } from "../../model/example.ts";
import { defineCommand } from "../command.ts";

export const evaluateCommand = defineCommand({
  id: "evaluate",
  summary: "Measure predictions, find faults of their data, and say where the model fails",
  operands: "<predictions>",
  options: [
    ["--references <file...>", "right answers in files of their own: one for each line, or by id"],
    ["--sources <file>", "inputs in a file of their own, one for each line"],
    ["--train <file>", "training data, to find examples of it among the tested ones"],
    [
      "--task <task>",
      "what the model does (default: told from the data)",
      Task.options.filter((task) => !/ranking|detection/.test(task)),
    ],
    ["--input-field <name>", "field of the input (default: found by its name); a.b is b within a"],
    ["--prediction-field <name>", "field of the prediction"],
    ["--reference-field <name>", "field of the right answer"],
    ["--attributes <names>", "your own columns to group errors by, with commas (default: all)"],
    ["--positive <label>", "the positive class of a yes-or-no task"],
    ["--tokenize <tokenizer>", "BLEU's tokenizer (default: 13a)", ["13a", "zh", "char", "intl", "none"]],
    ["--lowercase", "compare texts without regard to case, where the metric has that option"],
    ["--store", "also keep it with its examples, to look at in the browser"],
    ["--project <name>", "project it is stored in (default: evaluations)"],
    ["--name <name>", "name it is stored under (default: the file's)"],
    ["--dir <directory>", "data directory (default: $LLMDBG_DIR or ~/.llmdbg)"],
    [
      "--fail-on <severity>",
      "exit with status 1 on faults of the data at or above this (default: error)",
      ["error", "warning", "info", "never"],
    ],
  ],
  examples: [
    "llmdbg evaluate predictions.jsonl --store",
    "llmdbg evaluate hypotheses.txt --references references.txt --sources sources.txt",
    "llmdbg evaluate results.csv --task classification --prediction-field pred --reference-field label",
  ],
  load: async () => (await import("../evaluate/evaluate.ts")).evaluateCommandLine,
});
