import type { Finding } from "../model/finding.ts";
import type { Fact } from "./fact.ts";

export type Needs = Readonly<Record<string, Fact<unknown>>>;
export type Values<N extends Needs> = { readonly [K in keyof N]: N[K] extends Fact<infer T> ? T : never };

/** A finding as a rule states it; the engine adds the rule's id, and the title when none is given. */
export type FindingDraft = Omit<Finding, "rule" | "title"> & { readonly title?: string };

/** What a rule answers where the data are there and too few for a judgement either way: it must not call the run clean. */
export interface Undecided {
  /** As the id of a fact says it, e.g. "loss, 20 rows of it". */
  readonly missing: readonly string[];
}

/**
 * One diagnosis. `needs` names facts; `check` gets exactly those, already present, and answers
 * findings or none. A rule that throws becomes a `failed` outcome. Asking for an undeclared fact
 * is a type error.
 */
export interface Rule<N extends Needs = Needs> {
  /** A noun in the failing state, kebab-case: also the file's name and docs/rules/<id>.md. */
  readonly id: string;
  readonly title: string;
  /** One sentence: what harm it does. */
  readonly why: string;
  readonly needs: N;
  /**
   * Rules that tell the whole story when they fire as well: this rule's finding is then a sign of
   * the same fault and becomes evidence of theirs, instead of a second alarm. See `merge.ts`.
   */
  readonly signOf?: readonly string[];
  /**
   * Rules whose findings this fault brings about, when they come no earlier: they are told as part of its
   * story, and it is as severe as the worst of them. The other end of the same graph as `signOf`.
   */
  readonly leadsTo?: readonly string[];
  check(facts: Values<N>): readonly FindingDraft[] | Undecided;
}

export const defineRule = <const N extends Needs>(rule: Rule<N>): Rule => rule as unknown as Rule;

/** Something that looks bad and is normal in this run, said so that nobody hunts for it. */
export interface Explanation {
  readonly sign: string;
  readonly why: string;
}

/** One kind of such a sign: same contract as a rule. */
export interface Sign<N extends Needs = Needs> {
  readonly id: string;
  readonly needs: N;
  explain(facts: Values<N>): readonly Explanation[];
}

export const defineSign = <const N extends Needs>(sign: Sign<N>): Sign => sign as unknown as Sign;
