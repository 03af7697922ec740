/** What became of the advice of earlier runs in a group of later ones. */
import type { AdviceOutcome, Finding } from "../../model/finding.ts";
import { isVerified, type AppliedAdvice, type Verification } from "../../model/verification.ts";
import { appliedAdvice, type Configured } from "./applied.ts";
import type { JudgedRun } from "./judged-run.ts";
import { recognise, verifyRuns } from "./verify.ts";
import { differenceText } from "./words.ts";

export interface FollowedAdvice {
  /** The run whose finding gave the advice. */
  readonly run: string;
  readonly rule: string;
  readonly advice: string;
  readonly outcome: AdviceOutcome;
  /** Nothing changed besides this advice. */
  readonly alone: boolean;
}

const isFollowed = ({ state }: Pick<AppliedAdvice, "state">): boolean => state === "applied" || state === "partly";

/** Whether any advice is in force later: from settings alone, so that runs are read only when it is worth it. */
export const anyFollowed = (findings: readonly Finding[], before: Configured, after: Configured): boolean =>
  findings.some(({ rule, advice }) => advice.some((one) => isFollowed(appliedAdvice(rule, one, before, after))));

/** Empty when the later runs applied none of it. */
export function adviceOutcomes(before: readonly JudgedRun[], after: readonly JudgedRun[]): FollowedAdvice[] {
  const newest = after.at(-1)?.id ?? null;
  if (newest === null || !recognise(before, after).applied.some(isFollowed)) return [];
  const verification = verifyRuns(before, after);
  const followed = verification.applied.filter(isFollowed);
  return followed.flatMap(({ rule, advice, state }) => {
    const others = [
      ...verification.otherChanges.map(({ key }) => key),
      ...followed.filter((one) => one.rule === rule && one.advice !== advice).map((one) => one.advice),
      ...(verification.code.state === "changed" ? ["the code"] : []),
    ];
    const outcome: AdviceOutcome = {
      state: stateOf(verification),
      run: newest,
      statement: statementOf(verification, others),
      verified: isVerified(verification) && state === "applied" && others.length === 0,
      before: idsOf(before),
      after: idsOf(after),
    };
    return before
      .filter(({ report }) => report.findings.some((f) => f.rule === rule && f.advice.some(({ id }) => id === advice)))
      .flatMap(({ id }) => (id === null ? [] : [{ run: id, rule, advice, outcome, alone: others.length === 0 }]));
  });
}

const idsOf = (runs: readonly JudgedRun[]): string[] => runs.flatMap(({ id }) => id ?? []);

/** Too few runs are no result at all yet: the advice is applied, and that is all that is known. */
const stateOf = ({ verdict, comparison }: Verification): AdviceOutcome["state"] =>
  verdict === "not-shown" && (comparison === null || comparison.state === "too-few") ? "applied" : verdict;

function statementOf({ comparison }: Verification, others: readonly string[]): string {
  const parts = [
    comparison === null ? "" : differenceText(comparison),
    others.length === 0
      ? ""
      : `changed besides: ${others.slice(0, 4).join(", ")}${others.length > 4 ? ` and ${others.length - 4} more` : ""}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}
