/** Whole JSON documents that hold predictions: answers by id, logs of inspect_ai, results of promptfoo, SQuAD's data. */
import type { Scalar } from "../../model/config.ts";
import type { Example } from "../../model/example.ts";
import { rolesOf } from "./field-names.ts";
import { emptyExample } from "./row-reader.ts";
import { fieldOf, isFields, type Fields } from "./row.ts";
import { numberOf, predictionOf, referencesOf, textOf } from "./values.ts";

interface Document {
  readonly form: string;
  /** Rows of its own kind, or ready examples. */
  readonly examples?: readonly Example[];
  readonly rows?: readonly unknown[];
}

/** Undefined for a document that holds none in a form that is known. */
export function readDocument(document: unknown): Document | undefined {
  if (Array.isArray(document)) return { form: "JSON list", rows: document };
  if (!isFields(document)) return undefined;
  const samples = document["samples"];
  if (
    Array.isArray(samples) &&
    ("eval" in document || samples.some((sample) => fieldOf(sample, "target") !== undefined))
  )
    return { form: "log of inspect_ai", examples: samples.map(inspectSample) };
  const results = fieldOf(document, "results.results");
  if (Array.isArray(results)) return { form: "results of promptfoo", examples: results.map(promptfooResult) };
  const articles = document["data"];
  if (Array.isArray(articles) && fieldOf(articles[0], "paragraphs") !== undefined)
    return { form: "data of SQuAD", examples: squadQuestions(articles) };
  for (const key of ["predictions", "examples", "rows", "results", "data", "instances", "outputs"]) {
    const rows = document[key];
    if (Array.isArray(rows) && rows.length > 0 && rows.every(isFields)) return { form: `JSON document, ${key}`, rows };
  }
  const columns = columnRows(document);
  if (columns !== undefined) return { form: "JSON document in columns", rows: columns };
  if (isAnswers(document)) return { form: "answers by id", examples: answersById(document) };
  return undefined;
}

/** {"prediction": [..], "reference": [..]}: lists of one length. */
function columnRows(document: Fields): readonly unknown[] | undefined {
  const columns = Object.entries(document).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
  const length = columns[0]?.[1].length ?? 0;
  if (columns.length < 2 || length < 2 || columns.some(([, values]) => values.length !== length)) return undefined;
  return Array.from({ length }, (_, i) => Object.fromEntries(columns.map(([name, values]) => [name, values[i]])));
}

/** {id: answer}: what the SQuAD script reads and `run_qa.py` writes. */
const isAnswers = (document: Fields): boolean => {
  const values = Object.values(document);
  return (
    values.length > 1 &&
    // A row by itself has fields with names that are known.
    rolesOf(document, new Map()).size === 0 &&
    values.every(
      (value) => typeof value === "string" || (Array.isArray(value) && value.every((each) => typeof each === "string")),
    )
  );
};

const answersById = (document: Fields): Example[] =>
  Object.entries(document).map(([id, answer]) => ({ ...emptyExample, id, prediction: predictionOf(answer) }));

function squadQuestions(articles: readonly unknown[]): Example[] {
  return listsIn(articles, "paragraphs").flatMap((paragraph) =>
    listsIn([paragraph], "qas").map((question) => ({
      ...emptyExample,
      id: textOf(fieldOf(question, "id")) ?? "",
      input: textOf(fieldOf(question, "question")),
      // A question without an answer has the empty one.
      references: fieldOf(question, "is_impossible") === true ? [""] : answersOf(fieldOf(question, "answers")),
      attributes: new Map<string, Scalar>([["answerable", fieldOf(question, "is_impossible") !== true]]),
    })),
  );
}

const listsIn = (items: readonly unknown[], key: string): unknown[] =>
  items.flatMap((item): unknown[] => {
    const list = fieldOf(item, key);
    return Array.isArray(list) ? list : [];
  });

const answersOf = (answers: unknown): readonly string[] =>
  Array.isArray(answers) && answers.length === 0 ? [""] : referencesOf(answers);

/** https://inspect.aisi.org.uk/reference/inspect_ai.log.html#evalsample */
function inspectSample(sample: unknown): Example {
  const attributes = new Map<string, Scalar>();
  const scores = fieldOf(sample, "scores");
  let answer: string | null = null;
  if (isFields(scores))
    for (const [name, score] of Object.entries(scores)) {
      const value = fieldOf(score, "value");
      if (typeof value === "number" || typeof value === "string" || typeof value === "boolean")
        attributes.set(`reported ${name}`, value);
      answer ??= textOf(fieldOf(score, "answer"));
    }
  const metadata = fieldOf(sample, "metadata");
  if (isFields(metadata))
    for (const [name, value] of Object.entries(metadata))
      if (typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.length <= 60))
        attributes.set(name, value);
  const stop =
    fieldOf(sample, "output.stop_reason") ?? fieldOf(firstOf(fieldOf(sample, "output.choices")), "stop_reason");
  if (typeof stop === "string") attributes.set("stop reason", stop);
  const completion =
    fieldOf(sample, "output.completion") ?? fieldOf(firstOf(fieldOf(sample, "output.choices")), "message.content");
  const seconds = numberOf(fieldOf(sample, "output.time")) ?? numberOf(fieldOf(sample, "working_time"));
  const input = fieldOf(sample, "input");
  return {
    ...emptyExample,
    id: `${textOf(fieldOf(sample, "id")) ?? ""}`,
    input: textOf(input),
    prediction: answer ?? textOf(completion),
    references: referencesOf(fieldOf(sample, "target")),
    latencyMs: seconds === undefined ? null : seconds * 1000,
    outputTokens: numberOf(fieldOf(sample, "output.usage.output_tokens")) ?? null,
    // Several epochs of one sample are not independent of each other.
    group: numberOf(fieldOf(sample, "epoch")) === undefined ? null : textOf(fieldOf(sample, "id")),
    attributes,
  };
}

/** https://www.promptfoo.dev/docs/configuration/outputs; the expected text is that of an assertion of equality. */
function promptfooResult(result: unknown, index: number): Example {
  const attributes = new Map<string, Scalar>();
  const variables = fieldOf(result, "vars");
  if (isFields(variables))
    for (const [name, value] of Object.entries(variables))
      if (typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.length <= 60))
        attributes.set(name, value);
  const passed = fieldOf(result, "success");
  if (typeof passed === "boolean") attributes.set("reported success", passed);
  const asserted = fieldOf(result, "testCase.assert");
  const expected = (Array.isArray(asserted) ? asserted : [])
    .filter((each) => /^(equals|icontains|contains|similar)$/.test(textOf(fieldOf(each, "type")) ?? ""))
    .map((each) => fieldOf(each, "value"));
  return {
    ...emptyExample,
    id: textOf(fieldOf(result, "id")) ?? String(index + 1),
    input: textOf(fieldOf(result, "prompt.raw")) ?? (variables === undefined ? null : textOf(variables)),
    prediction: textOf(fieldOf(result, "response.output")),
    references: referencesOf(expected.length > 0 ? expected : (fieldOf(variables, "expected") ?? null)),
    latencyMs: numberOf(fieldOf(result, "latencyMs")) ?? null,
    outputTokens: numberOf(fieldOf(result, "response.tokenUsage.completion")) ?? null,
    attributes,
  };
}

const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);
