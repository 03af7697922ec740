/** A row of predictions as an example, by the roles of its fields. */
import type { Scalar } from "../../model/config.ts";
import type { Example } from "../../model/example.ts";
import { rolesOf, type Role, type Roles } from "./field-names.ts";
import { fieldOf, isFields, type Fields } from "./row.ts";
import { logProbsOf, numberOf, predictionOf, rankedLabels, referencesOf, scoresOf, textOf } from "./values.ts";

/** Longer texts are no category and no quantity by which examples could be grouped. */
const longestAttribute = 200;
const mostAttributes = 200;
const noAttributes: ReadonlyMap<string, Scalar> = new Map();

export const emptyExample: Example = {
  id: "",
  input: null,
  prediction: null,
  references: [],
  scores: null,
  logProbs: null,
  samples: null,
  latencyMs: null,
  outputTokens: null,
  group: null,
  attributes: noAttributes,
  line: 0,
};

/** Rows with the same keys are read alike; where they lead, and how many there were. */
export interface Form {
  readonly roles: Roles;
  readonly lines: number[];
  rows: number;
}

const mostLines = 5;

export class RowReader {
  /** By the keys of the row. */
  readonly forms = new Map<string, Form>();
  readonly #given: Roles;
  readonly #attributes: ReadonlySet<string> | null;
  #usual: Roles | null = null;

  /** `attributes`: the only ones to keep; null: all. */
  constructor(given: Roles, attributes: readonly string[] | null) {
    this.#given = given;
    this.#attributes = attributes === null ? null : new Set(attributes);
  }

  /** The example, or why there is none. */
  read(value: unknown, line: number): Example | string {
    if (!isFields(value))
      return Array.isArray(value) ? "a list, not an object with fields" : "not an object with fields";
    const { roles } = this.#formOf(value, line);
    const get = (role: Role): unknown => {
      const path = roles.get(role);
      return path === undefined ? undefined : fieldOf(value, path);
    };
    const answer = get("prediction");
    const scorePath = roles.get("scores") ?? "";
    const scores = scoresOf(get("scores"), /logit/i.test(scorePath)) ?? columnScores(value) ?? rankedLabels(answer);
    const prediction = predictionOf(answer);
    const latency = numberOf(get("latency"));
    return {
      id: textOf(get("id")) ?? "",
      input: textOf(get("input")),
      prediction: prediction === null && scores !== null ? mostLikely(scores) : prediction,
      references: referencesOf(get("reference")),
      scores,
      logProbs: logProbsOf(get("log probabilities")),
      samples: samplesOf(value),
      latencyMs: latency === undefined ? null : latency * unitOf(roles.get("latency") ?? ""),
      outputTokens: numberOf(get("output tokens")) ?? numberOf(fieldOf(value, "usage.completion_tokens")) ?? null,
      group: textOf(get("group")),
      attributes: this.#attributesOf(value, roles),
      line,
    };
  }

  #formOf(row: Fields, line: number): Form {
    const key = Object.keys(row).join("\u0000");
    let form = this.forms.get(key);
    if (form === undefined) {
      form = { roles: this.#rolesOf(row), lines: [], rows: 0 };
      // Keys that differ from row to row would fill the memory.
      if (this.forms.size < 1000) this.forms.set(key, form);
    }
    form.rows += 1;
    if (form.lines.length < mostLines) form.lines.push(line);
    return form;
  }

  /** A row that lacks a field is still one of the usual ones: another field must not step in for its prediction. */
  #rolesOf(row: Fields): Roles {
    const usual = this.#usual;
    if (usual !== null) {
      const hasAny = (["prediction", "reference"] as const).some((role) => {
        const path = usual.get(role);
        return path !== undefined && fieldOf(row, path) !== undefined;
      });
      if (hasAny) return usual;
    }
    const roles = rolesOf(row, this.#given);
    this.#usual ??= roles;
    return roles;
  }

  #attributesOf(row: Fields, roles: Roles): ReadonlyMap<string, Scalar> {
    const taken = new Set(roles.values());
    const attributes = new Map<string, Scalar>();
    const add = (name: string, value: unknown): void => {
      if (attributes.size >= mostAttributes || (this.#attributes !== null && !this.#attributes.has(name))) return;
      if (typeof value === "number" || typeof value === "boolean") attributes.set(name, value as Scalar);
      else if (typeof value === "string" && value.length <= longestAttribute)
        attributes.set(name, numberOf(value) ?? value);
      // Tags: each is one that the example has.
      else if (Array.isArray(value) && value.length <= 32)
        for (const tag of value) if (typeof tag === "string" && tag.length <= longestAttribute) add(tag, true);
    };
    for (const [key, value] of Object.entries(row)) {
      if (taken.has(key) || isScoreColumn(key)) continue;
      if (!isFields(value)) add(key, value);
      else
        for (const [inner, each] of Object.entries(value))
          if (!taken.has(`${key}.${inner}`)) add(isContainer(key) ? inner : `${key}.${inner}`, each);
    }
    return attributes.size === 0 ? noAttributes : attributes;
  }
}

const isContainer = (key: string): boolean => /^(attributes|attrs|metadata|meta|tags|features|labels_info)$/i.test(key);

/** `prob_cat`, `score.dog`, `p(cat)`: one column for each label. */
const scoreColumn = /^(?:prob|probs|proba|probability|score|scores|p|logit|logits)(?:_|\.|:|\s|\()(.+?)\)?$/i;
const isScoreColumn = (key: string): boolean => scoreColumn.test(key);

function columnScores(row: Fields): ReadonlyMap<string, number> | null {
  const scores = new Map<string, number>();
  for (const [key, value] of Object.entries(row)) {
    const label = scoreColumn.exec(key)?.[1];
    const number = label === undefined ? undefined : numberOf(value);
    if (label !== undefined && number !== undefined) scores.set(label, number);
  }
  return scores.size < 2 ? null : scores;
}

/** Null for the score of a positive class alone: which label that is, is not known here. */
function mostLikely(scores: ReadonlyMap<string, number>): string | null {
  let best: string | null = null;
  for (const [label, score] of scores)
    if (label !== "" && (best === null || score > (scores.get(best) ?? 0))) best = label;
  return best;
}

/** Milliseconds in one of what the field counts, by its name; a bare name is milliseconds until the whole file is seen. */
const unitOf = (name: string): number => (/(_|\b)(s|sec|secs|seconds)$/i.test(name) ? 1000 : 1);

/** Of several samples of one problem, as HumanEval and its followers write them. */
function samplesOf(row: Fields): Example["samples"] {
  const passed = row["passed"] ?? row["num_passed"] ?? row["num_correct"];
  if (Array.isArray(passed))
    return { count: passed.length, passed: passed.filter((each) => each === true || each === 1).length };
  const count = numberOf(row["num_samples"] ?? row["n_samples"]);
  const number = numberOf(passed);
  return count === undefined || number === undefined ? null : { count, passed: number };
}
