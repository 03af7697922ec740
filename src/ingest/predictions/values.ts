/** What the value of a field says, in the forms that programs write it in. */
import { fieldOf, isFields, parseValue } from "./row.ts";

const scalarText = (value: unknown): string | undefined =>
  typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : undefined;

/** Null where there is nothing. Messages of a chat are joined; what is no text otherwise stays JSON. */
export function textOf(value: unknown): string | null {
  const scalar = scalarText(value);
  if (scalar !== undefined) return scalar;
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) {
    const parts = value.map((part: unknown) => scalarText(part) ?? messageText(part));
    if (parts.every((part) => part !== undefined)) return parts.join("\n");
  } else {
    const inner = messageText(value);
    if (inner !== undefined) return inner;
  }
  return JSON.stringify(value) ?? null;
}

/** The text of {"role": …, "content": …}, {"text": …} and their like. */
function messageText(value: unknown): string | undefined {
  for (const key of ["content", "text", "answer", "value", "generated_text", "prediction_text", "translation_text"]) {
    const inner = fieldOf(value, key);
    const text = scalarText(inner);
    if (text !== undefined) return text;
    if (inner !== undefined && inner !== null) return textOf(inner) ?? undefined;
  }
  return undefined;
}

/** A text or label, or a set of labels. */
export function predictionOf(value: unknown): string | readonly string[] | null {
  if (!Array.isArray(value)) {
    const label = fieldOf(value, "label");
    return textOf(label ?? value);
  }
  const ranked = rankedLabels(value);
  if (ranked !== null) return [...ranked].reduce((best, each) => (each[1] > best[1] ? each : best))[0];
  const parts = value.map((part: unknown) => scalarText(part));
  return parts.every((part) => part !== undefined) ? parts : textOf(value);
}

/** [{"label": "cat", "score": 0.9}, …], as pipelines of Hugging Face give them. */
export function rankedLabels(value: unknown): ReadonlyMap<string, number> | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const scores = new Map<string, number>();
  for (const part of value) {
    const label = scalarText(fieldOf(part, "label"));
    const score = fieldOf(part, "score");
    if (label === undefined || typeof score !== "number") return null;
    scores.set(label, score);
  }
  return scores;
}

/** The right answers, each once. SQuAD's {"text": [..], "answer_start": [..]} are the texts. */
export function referencesOf(value: unknown): readonly string[] {
  if (value === null || value === undefined) return [];
  const texts = isFields(value) ? fieldOf(value, "text") : undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : Array.isArray(texts) ? texts : [value];
  return [...new Set(list.map(textOf).filter((text) => text !== null))];
}

/** Of a table's cell: lists and objects are written into it as JSON or as Python prints them. */
export const cellValue = (text: string): unknown =>
  /^\s*[[{]/.test(text) ? (parseValue(text) ?? text) : text === "" ? null : text;

/** `isLogit`: numbers before the softmax, which is taken. */
export function scoresOf(value: unknown, isLogit: boolean): ReadonlyMap<string, number> | null {
  const ranked = rankedLabels(value);
  if (ranked !== null) return ranked;
  const single = numberOf(value);
  if (single !== undefined) return new Map([["", isLogit ? 1 / (1 + Math.exp(-single)) : single]]);
  if (typeof value !== "object" || value === null) return null;
  const labels: string[] = [];
  const numbers: number[] = [];
  for (const [label, inner] of Object.entries(value)) {
    const number = numberOf(inner);
    if (number === undefined) return null;
    labels.push(label);
    numbers.push(number);
  }
  if (numbers.length === 0) return null;
  const scores = isLogit ? softmax(numbers) : numbers;
  return new Map(labels.map((label, i) => [label, scores[i] ?? Number.NaN]));
}

export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Also of a number that a table or another program wrote as text. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isNaN(number) && !/^\s*nan\s*$/i.test(value) ? undefined : number;
}

/** A list of numbers, or the forms of OpenAI's API: {"token_logprobs": [..]}, {"content": [{"logprob": ..}, ..]}. */
export function logProbsOf(value: unknown): readonly number[] | null {
  if (isFields(value)) return logProbsOf(fieldOf(value, "token_logprobs") ?? fieldOf(value, "content") ?? null);
  if (!Array.isArray(value)) return null;
  const numbers: number[] = [];
  for (const part of value) {
    // The first token of a text has no probability: null.
    if (part === null) continue;
    const number = numberOf(isFields(part) ? fieldOf(part, "logprob") : part);
    if (number === undefined) return null;
    numbers.push(number);
  }
  return numbers;
}
