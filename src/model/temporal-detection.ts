import type { Unit, Units } from "./unit.ts";

/** In seconds. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

export interface FoundSegment extends Segment {
  readonly score: number;
}

export interface JudgedVideo extends Unit {
  readonly truth: readonly Segment[];
  /** In the order of the file, which decides between equal scores. */
  readonly found: readonly FoundSegment[];
}

export type TemporalDetections = Units<JudgedVideo>;
