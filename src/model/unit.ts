import type { Scalar } from "./config.ts";

/**
 * What is judged as a whole where one answer is no example: a query with its ranked list, an image with its boxes, a
 * video with its segments. Units are what is resampled.
 */
export interface Unit {
  readonly id: string;
  /** Units that are not independent; null where each stands alone. */
  readonly group: string | null;
  /** The user's own columns. */
  readonly attributes: ReadonlyMap<string, Scalar>;
}

export interface Units<U extends Unit> {
  readonly units: readonly U[];
}
