import type { Cause } from "../model/finding.ts";

/**
 * A possible cause with what speaks for and against it. `prior`: how often it is the cause when
 * nothing else is known, relative to the others of the same rule.
 */
export interface Suspect {
  readonly id: string;
  readonly statement: string;
  readonly prior: number;
  readonly clues: readonly Clue[];
}

/** `present` null: the run holds no data on it, so it counts for nothing and is not said. */
export interface Clue {
  readonly present: boolean | null;
  /** Said when present; speaks for the cause. */
  readonly for?: string;
  /** Said when absent; speaks against it. */
  readonly against?: string;
  /** How many times likelier the cause becomes when present, or less likely when absent. */
  readonly weight: number;
}

/** What is left for causes that no rule lists. */
const otherPrior = 0.1;

/** Weighs the suspects against each other; likelihoods sum to less than 1, the likeliest comes first. */
export function rank(suspects: readonly Suspect[]): Cause[] {
  const weighed = suspects.map((suspect) => {
    let weight = suspect.prior;
    const speaksFor: string[] = [];
    const against: string[] = [];
    for (const clue of suspect.clues) {
      if (clue.present === null) continue;
      if (clue.present && clue.for !== undefined) {
        weight *= clue.weight;
        speaksFor.push(clue.for);
      } else if (!clue.present && clue.against !== undefined) {
        weight /= clue.weight;
        against.push(clue.against);
      }
    }
    return { suspect, weight, speaksFor, against };
  });
  const total = weighed.reduce((sum, { weight }) => sum + weight, otherPrior);
  return weighed
    .sort((a, b) => b.weight - a.weight)
    .map(({ suspect, weight, speaksFor, against }) => ({
      id: suspect.id,
      statement: suspect.statement,
      likelihood: Math.round((weight / total) * 100) / 100,
      for: speaksFor,
      against,
    }));
}

/** Causes shown without being asked for. */
const mostListed = 6;

/** For a person: the likeliest first, those that round to 0 % left out, and the rest beyond six apart. */
export function listedCauses(causes: readonly Cause[]): { readonly shown: Cause[]; readonly further: Cause[] } {
  const likely = causes
    .filter(({ likelihood }) => Math.round(likelihood * 100) > 0)
    .toSorted((a, b) => b.likelihood - a.likelihood);
  return { shown: likely.slice(0, mostListed), further: likely.slice(mostListed) };
}
