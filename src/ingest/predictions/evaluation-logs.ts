/**
 * Rows of evaluation programs that are no plain table of predictions: the sample logs of lm-evaluation-harness
 * (`--log_samples`, samples_*.jsonl) and the event logs of OpenAI's evals. Answers undefined for any other row.
 */
import type { Scalar } from "../../model/config.ts";
import type { Example } from "../../model/example.ts";
import { emptyExample } from "./row-reader.ts";
import { fieldOf, isFields, type Fields } from "./row.ts";
import { numberOf, referencesOf, softmax, textOf } from "./values.ts";

export class EvaluationLogs {
  /** "lm-evaluation-harness" and others, once a row was one. */
  form: string | null = null;
  /** Prompts of OpenAI's evals come in a row of their own, before the one that judges the answer. */
  readonly #prompts = new Map<string, string>();

  /** The example, "skip" for a row of the log that is none, or undefined for a row of another kind. */
  read(row: unknown, line: number): Example | "skip" | undefined {
    if (!isFields(row)) return undefined;
    if ("doc_id" in row && "doc" in row && ("filtered_resps" in row || "resps" in row)) {
      this.form = "samples of lm-evaluation-harness";
      return harnessSample(row, line);
    }
    if ("spec" in row || "final_report" in row) {
      this.form ??= "event log of OpenAI evals";
      return "skip";
    }
    if ("event_id" in row && "sample_id" in row && isFields(row["data"])) {
      this.form = "event log of OpenAI evals";
      return this.#event(row, row["data"], line);
    }
    return undefined;
  }

  #event(row: Fields, data: Fields, line: number): Example | "skip" {
    const id = textOf(row["sample_id"]) ?? "";
    if (row["type"] === "sampling") this.#prompts.set(id, textOf(data["prompt"]) ?? "");
    if (row["type"] !== "match") return "skip";
    return {
      ...emptyExample,
      id,
      input: this.#prompts.get(id) ?? textOf(data["prompt"]),
      prediction: textOf(data["picked"]) ?? textOf(data["sampled"]),
      references: referencesOf(data["expected"]),
      attributes: verdicts({ correct: data["correct"] }),
      line,
    };
  }
}

function harnessSample(row: Fields, line: number): Example {
  const responses = row["filtered_resps"] ?? row["resps"];
  const doc = row["doc"];
  const list: readonly unknown[] = Array.isArray(responses) ? responses : [responses];
  const likelihoods = list.map((response) => logLikelihood(response));
  const isChoice = list.length > 1 && likelihoods.every((value) => value !== undefined);
  const common = {
    ...emptyExample,
    id: textOf(row["doc_id"]) ?? "",
    input: promptOf(row["arguments"]) ?? textOf(fieldOf(doc, "question")),
    attributes: verdicts(row, doc),
    line,
  };
  if (!isChoice) return { ...common, prediction: textOf(list[0]), references: referencesOf(row["target"]) };
  // The choice with the greatest likelihood is the answer; `acc_norm` divides by length, which is not done here.
  const numbers = likelihoods.map((value) => value ?? Number.NaN);
  const scores = softmax(numbers);
  return {
    ...common,
    prediction: String(numbers.indexOf(Math.max(...numbers))),
    references: referencesOf(row["target"]),
    scores: new Map(scores.map((score, choice) => [String(choice), score])),
  };
}

/** [log-likelihood, is greedy], as numbers or as text. */
function logLikelihood(response: unknown): number | undefined {
  const inner: unknown = Array.isArray(response) && Array.isArray(response[0]) ? response[0] : response;
  return Array.isArray(inner) && inner.length === 2 ? numberOf(inner[0]) : undefined;
}

/** {"gen_args_0": {"arg_0": prompt, …}}, or [[prompt, continuation], …] of older versions. */
const promptOf = (given: unknown): string | null =>
  textOf(fieldOf(given, "gen_args_0.arg_0") ?? (Array.isArray(given) && Array.isArray(given[0]) ? given[0][0] : null));

/** Scores that the program gave, and what the data set says of the example. */
function verdicts(row: Fields, doc?: unknown): ReadonlyMap<string, Scalar> {
  const attributes = new Map<string, Scalar>();
  const isTold = (name: string): boolean => /^(acc|acc_norm|exact_match|f1|correct|em)$/.test(name);
  for (const [name, value] of Object.entries(row))
    if (isTold(name) && (typeof value === "number" || typeof value === "boolean"))
      attributes.set(`reported ${name}`, value);
  if (!isFields(doc)) return attributes;
  for (const [name, value] of Object.entries(doc))
    if (typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.length <= 60))
      attributes.set(name, value);
  return attributes;
}
