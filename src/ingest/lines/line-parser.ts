import type { Scalar } from "../../model/config.ts";
import type { Level } from "../../model/record.ts";
import type { Labels } from "../../model/series.ts";
import type { BarFrame } from "./bar-frame.ts";
import type { EpochMark, Progress } from "./progress.ts";

/** A line of a training console, without colours. */
export interface ConsoleLine {
  /** As printed, with log prefix. */
  readonly text: string;
  /** Without time stamp, level, logger, rank. */
  readonly body: string;
  /** The progress bar that the line consists of; `text` and `body` are then empty. */
  readonly bar: BarFrame | undefined;
}

export type Metric = readonly [name: string, value: number];

/** What a line means. */
export interface Reading {
  readonly metrics?: readonly Metric[];
  /** The step that the line itself tells. Without it the place is found from `epoch` and `Progress`. */
  readonly step?: number;
  readonly epoch?: EpochMark;
  /** The metrics are of a held-out split: they stand where training stood and do not move it. */
  readonly isEvaluation?: boolean;
  readonly labels?: Labels;
  readonly config?: readonly (readonly [key: string, value: Scalar])[];
  /** The trainer that prints such lines. */
  readonly dialect?: string;
  /** The line also is an event that a person wants to read; true: as printed, text: in these words. */
  readonly record?: true | string;
  readonly level?: Level;
}

/** Reads one kind of line. One file each, listed in `index.ts`, specific first. */
export interface LineParser {
  readonly id: string;
  /**
   * Where given: the ASCII characters with which a body of its kind begins, white space aside. Most lines of a long
   * log are then never shown to the parser, so one that counts on seeing every line must not say it.
   */
  readonly first?: string;
  /** Whether it reads progress bars, too. */
  readonly bars?: true;
  /** Starts reading one console. The function answers undefined for a line that is not its kind. */
  open(progress: Progress): (line: ConsoleLine) => Reading | undefined;
}
