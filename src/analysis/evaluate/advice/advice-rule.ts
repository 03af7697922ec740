import type { Evaluation } from "../../../model/evaluation.ts";
import type { Example } from "../../../model/example.ts";
import type { Advice } from "../../../model/finding.ts";

/** What is known when advice is given: the evaluation so far, without advice. */
export interface AdviceContext {
  readonly evaluation: Omit<Evaluation, "advice">;
  readonly examples: readonly Example[];
}

/** A change that a kind of error calls for. One file each; null where the errors don't. */
export interface AdviceRule {
  /** kebab-case, also the file's name. */
  readonly id: string;
  advise(context: AdviceContext): Omit<Advice, "id"> | null;
}

export const defineAdvice = (rule: AdviceRule): AdviceRule => rule;

/** How many outputs are of a kind, and their share. */
export function groupOf({ evaluation }: AdviceContext, id: string): { readonly count: number; readonly share: number } {
  const count = evaluation.errors.groups
    .filter((group) => group.id === id || group.id.startsWith(`${id}:`))
    .reduce((sum, group) => sum + group.count, 0);
  return { count, share: evaluation.n === 0 ? 0 : count / evaluation.n };
}

/** Single bad outputs are accidents: a change of decoding touches all others as well. */
export const isWorthAChange = ({ count, share }: { readonly count: number; readonly share: number }): boolean =>
  count >= 3 && share >= 0.01;

export const percent = (share: number): string =>
  `${share < 0.01 ? (100 * share).toPrecision(1) : Math.round(100 * share)} %`;
