import type { Example } from "../../model/example.ts";

/** Scripts that put no spaces between words: there each letter counts as a word. */
const unspaced = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]/u;
const word = /[\p{L}\p{N}]+(?:['\u2019-][\p{L}\p{N}]+)*/gu;
const letter = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[a-z0-9]+/giu;

/** The words of a text in small letters, without punctuation. */
const wordsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .replaceAll("\u2019", "'")
    .match(unspaced.test(text) ? letter : word) ?? [];

type Part = "input" | "prediction" | "reference";

/** Several attributes need the words of the same texts; they are found once for each list of examples. */
const known = new WeakMap<readonly Example[], Map<Part, readonly (readonly string[] | null)[]>>();

/** The words of one part of each example; null where it has none. */
export function wordsOfAll(examples: readonly Example[], part: Part): readonly (readonly string[] | null)[] {
  const parts = known.get(examples) ?? new Map<Part, readonly (readonly string[] | null)[]>();
  known.set(examples, parts);
  const found =
    parts.get(part) ??
    examples.map((example) => {
      const text = textOf(example, part);
      return text === null ? null : wordsOf(text);
    });
  parts.set(part, found);
  return found;
}

/** One part of an example as a text; null where it has none. Of several references the first. */
export function textOf(example: Example, part: Part): string | null {
  if (part === "input") return example.input;
  if (part === "reference") return example.references[0] ?? null;
  return typeof example.prediction === "string" ? example.prediction : null;
}
