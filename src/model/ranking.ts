import type { Unit, Units } from "./unit.ts";

/** One query, or one user to whom items are recommended. */
export interface RankedQuery extends Unit {
  /** Gain of each judged item; more than 0 is relevant. */
  readonly judged: ReadonlyMap<string, number>;
  /** Best first. Empty where the query has no answer. */
  readonly ranked: readonly RankedItem[];
}

export interface RankedItem {
  readonly item: string;
  readonly score: number;
}

export interface Rankings extends Units<RankedQuery> {
  /** How the lists came about, for the signature: `ties:docno descending`. */
  readonly protocol: string;
  /** All items that could be ranked; null where that is not known. */
  readonly catalogue: ReadonlySet<string> | null;
  /** What the model was trained on; null where that is not given. */
  readonly training: TrainingInteractions | null;
}

export interface TrainingInteractions {
  /** How many users have had each item. */
  readonly usersOfItem: ReadonlyMap<string, number>;
  readonly users: number;
}
