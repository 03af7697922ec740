import type { Unit, Units } from "./unit.ts";

/** Left, top, width, height in pixels. */
export type Box = readonly [x: number, y: number, width: number, height: number];

export interface TrueBox {
  readonly box: Box;
  readonly category: string;
  /** As annotated: that of the mask where there is one, not that of the box. */
  readonly area: number;
  /** A crowd: may be found any number of times, and need not be found. */
  readonly isCrowd: boolean;
}

export interface FoundBox {
  readonly box: Box;
  readonly category: string;
  readonly score: number;
}

export interface JudgedImage extends Unit {
  /** Both in the order of the files, which decides between equal scores. */
  readonly truth: readonly TrueBox[];
  readonly found: readonly FoundBox[];
}

export interface Detections extends Units<JudgedImage> {
  readonly categories: readonly string[];
}
