/** Orders the advice of a finding by what came of it before, in this data directory. */
import type { Advice } from "../../model/finding.ts";

export interface TrackRecord {
  readonly helped: number;
  readonly didNotHelp: number;
}

/** By `adviceKey`. */
export type AdviceHistory = ReadonlyMap<string, TrackRecord>;

/** Ids are in kebab-case, so a space separates them. */
export const adviceKey = (rule: string, advice: string): string => `${rule} ${advice}`;

/** Chance that the first advice of a rule helps, before anything is known ... */
const firstChance = 0.6;
/** ... and how it falls with its place in the rule's own order. */
const nextChance = 0.85;
/** That order counts as much as this many verified outcomes, so that one alone never turns it. */
const priorWeight = 6;

/** Smoothed rate of success; the rule's own order is the prior. */
export function chanceOf(place: number, record: TrackRecord | undefined): number {
  const { helped = 0, didNotHelp = 0 } = record ?? {};
  const prior = firstChance * nextChance ** place;
  return (priorWeight * prior + helped) / (priorWeight + helped + didNotHelp);
}

/** Advice likeliest to help first; without a history the rule's own order. */
export const rankAdvice = (rule: string, advice: readonly Advice[], history: AdviceHistory): Advice[] =>
  advice
    .map((one, place) => ({ one, place, chance: chanceOf(place, history.get(adviceKey(rule, one.id))) }))
    .sort((a, b) => b.chance - a.chance || a.place - b.place)
    .map(({ one }) => one);
