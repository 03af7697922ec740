import { lineParsers } from "./index.ts";
import type { ConsoleLine, LineParser, Reading } from "./line-parser.ts";
import type { Progress } from "./progress.ts";

type Parse = (line: ConsoleLine) => Reading | undefined;

export interface OpenParsers {
  /** Those that may read this line, in order. */
  of(line: ConsoleLine): readonly Parse[];
}

/** Printable ASCII without the space. */
const isShown = (code: number): boolean => code > 32 && code < 127;

/** Opens every parser for one console. Which of them see a line is looked up by its first character. */
export function openParsers(progress: Progress): OpenParsers {
  const opened = lineParsers.map((parser) => ({ parser, parse: parser.open(progress) }));
  const those = (sees: (parser: LineParser) => boolean): Parse[] =>
    opened.filter(({ parser }) => sees(parser)).map(({ parse }) => parse);
  const byFirst = Array.from({ length: 127 }, (_, code) =>
    those(({ first }) => !isShown(code) || first === undefined || first.includes(String.fromCharCode(code))),
  );
  const all = those(() => true);
  const bars = those((parser) => parser.bars === true);
  return { of: ({ body, bar }) => (bar === undefined ? (byFirst[body.charCodeAt(0)] ?? all) : bars) };
}
