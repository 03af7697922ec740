import type { Example } from "../../model/example.ts";
import type { AttributeValues } from "../attribute.ts";
import { textOf, wordsOfAll } from "./words.ts";

type Values = ReadonlyMap<string, AttributeValues>;
type Part = Parameters<typeof textOf>[1];

/** Named values, without those that no example has. */
export function present(...entries: readonly (readonly [string, AttributeValues])[]): Values {
  return new Map(
    entries.filter(([, values]) =>
      values.kind === "number"
        ? values.values.some((value) => !Number.isNaN(value))
        : values.values.some((value) => value !== null),
    ),
  );
}

/** A number for each example; null where there is none. */
export const numbers = (examples: readonly Example[], of: (example: Example, index: number) => number | null) => ({
  kind: "number" as const,
  values: Float64Array.from(examples, (example, index) => of(example, index) ?? Number.NaN),
});

/** A category for each example; null where there is none. */
export const categories = (
  examples: readonly Example[],
  of: (example: Example, index: number) => string | null,
): AttributeValues => ({ kind: "category", values: examples.map(of) });

/** "yes" or "no" for each example; null where it can't be said. */
export const flags = (examples: readonly Example[], of: (example: Example, index: number) => boolean | null) =>
  categories(examples, (example, index) => {
    const holds = of(example, index);
    return holds === null ? null : holds ? "yes" : "no";
  });

/** Of the text of one part. */
export const flagOfText = (examples: readonly Example[], part: Part, test: (text: string) => boolean) =>
  flags(examples, (example) => {
    const text = textOf(example, part);
    return text === null ? null : test(text);
  });

export const categoryOfText = (examples: readonly Example[], part: Part, of: (text: string) => string | null) =>
  categories(examples, (example) => {
    const text = textOf(example, part);
    return text === null ? null : of(text);
  });

export const numberOfText = (examples: readonly Example[], part: Part, of: (text: string) => number | null) =>
  numbers(examples, (example) => {
    const text = textOf(example, part);
    return text === null ? null : of(text);
  });

export function numberOfWords(
  examples: readonly Example[],
  part: Part,
  of: (words: readonly string[]) => number | null,
) {
  const words = wordsOfAll(examples, part);
  return numbers(examples, (_, index) => {
    const own = words[index] ?? null;
    return own === null ? null : of(own);
  });
}

export function flagOfWords(examples: readonly Example[], part: Part, test: (words: readonly string[]) => boolean) {
  const words = wordsOfAll(examples, part);
  return flags(examples, (_, index) => {
    const own = words[index] ?? null;
    return own === null ? null : test(own);
  });
}
