import type { Scalar } from "../../model/config.ts";
import type { Change } from "../../model/finding.ts";

/** A configuration value as a person writes it in a file or on a command line. */
export const scalarText = (value: Scalar): string => (value === null ? "null" : String(value));

export interface ChangeLine {
  readonly sign: "-" | "+";
  readonly key: string;
  readonly value: string;
}

/** The lines of a configuration diff. What was not set before has no line to take away. */
export const changeLines = (changes: readonly Change[]): ChangeLine[] =>
  changes.flatMap(({ key, from, to }) => {
    const added: ChangeLine = { sign: "+", key, value: scalarText(to) };
    return from === null ? [added] : [{ sign: "-" as const, key, value: scalarText(from) }, added];
  });

/** What the copy button puts on the clipboard. */
export const changeText = (changes: readonly Change[]): string =>
  changeLines(changes)
    .map(({ sign, key, value }) => `${sign}${key}: ${value}`)
    .join("\n");
