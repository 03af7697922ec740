/** What stands for a number in JSON that Python or llmdbg wrote, beside numbers. */

interface Word {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly value: number;
  /** There is no value, not even one that isn't a number. */
  readonly isMissing: boolean;
}

const words: readonly Word[] = (
  [
    ["NaN", Number.NaN],
    ["null", null],
    ['"NaN"', Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ['"Infinity"', Number.POSITIVE_INFINITY],
    ['"-Infinity"', Number.NEGATIVE_INFINITY],
  ] as const
).map(([text, value]) => ({
  text,
  bytes: Uint8Array.from(text, (char) => char.charCodeAt(0)),
  value: value ?? Number.NaN,
  isMissing: value === null,
}));

/** The word that stands at this place. What follows it is for the caller to look at. */
export const wordIn = (text: string, at: number): Word | undefined =>
  words.find((word) => text.startsWith(word.text, at));

export const wordInBytes = (bytes: Uint8Array, at: number): Word | undefined =>
  words.find((word) => word.bytes.every((byte, i) => bytes[at + i] === byte));
