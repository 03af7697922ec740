import type { Finding, Severity } from "../../model/finding.ts";
import type { Report } from "../../model/report.ts";
import { grouped, plural } from "./number.ts";

export type Verdict = Severity | "healthy" | "unknown";

/** Word that repeats what the verdict's colour and shape say. */
export const verdictWord: Readonly<Record<Verdict, string>> = {
  error: "error",
  warning: "warning",
  info: "note",
  healthy: "nothing found",
  unknown: "not checked",
};

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/**
 * In order of cause: notes last, the rest by onset, because what went wrong first is the nearest to
 * the cause; at the same step the graver one leads.
 */
export function inOrderOfCause(findings: readonly Finding[]): Finding[] {
  const at = (finding: Finding): number => finding.onset.step ?? Number.NEGATIVE_INFINITY;
  const isNote = (finding: Finding): number => (finding.severity === "info" ? 1 : 0);
  return findings.toSorted(
    (a, b) => isNote(a) - isNote(b) || byOnset(at(a), at(b)) || rank[a.severity] - rank[b.severity],
  );
}

const byOnset = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

/** The address of a finding inside its run's page. */
export const findingKey = (finding: Finding): string => `${finding.rule}@${finding.onset.step ?? ""}`;

export interface VerdictText {
  readonly verdict: Verdict;
  readonly sentence: string;
  /** Onset of the finding that the sentence is about, when the sentence does not name it. */
  readonly since: number | undefined;
  /** The finding that the sentence is about. */
  readonly finding: Finding | undefined;
}

/** The sentence on which a run's page opens, and what its colour is. */
export function verdictOf(report: Report): VerdictText {
  const ordered = inOrderOfCause(report.findings);
  const gravest = ordered.toSorted((a, b) => rank[a.severity] - rank[b.severity])[0];
  if (gravest !== undefined && gravest.severity !== "info") {
    const [first] = ordered;
    const lead =
      first === undefined || first === gravest || first.onset.step === null
        ? ""
        : ` It began with: ${lowerFirst(first.title)} at step ${grouped(first.onset.step)}.`;
    const [sentence] = splitSentence(gravest);
    const { step } = gravest.onset;
    const since = step === null || new RegExp(`\\bstep ${step}\\b`, "i").test(sentence) ? undefined : step;
    return { verdict: gravest.severity, sentence: `${sentence}${lead}`, since, finding: gravest };
  }
  const checks = report.clean.length + report.findings.length;
  if (checks === 0) {
    const sentence = "Nothing could be checked yet: this run has none of the series that the checks read.";
    return { verdict: "unknown", sentence, since: undefined, finding: undefined };
  }
  const steps = report.run.lastStep === null ? "" : ` up to step ${grouped(report.run.lastStep)}`;
  const notes = report.findings.length === 0 ? "" : `, ${plural(report.findings.length, "note")}`;
  const unmade = report.notApplicable.length + report.failed.length;
  const rest = unmade === 0 ? "" : ` ${plural(unmade, "check")} could not be made.`;
  return {
    verdict: gravest === undefined ? "healthy" : "info",
    sentence: `No fault found${steps}: ${plural(report.clean.length, "check")} clean${notes}.${rest}`,
    since: undefined,
    finding: undefined,
  };
}

/** The first sentence of a finding's message, and what follows it. A point inside a number ends no sentence. */
export function splitSentence({ title, message }: Finding): readonly [first: string, rest: string] {
  const text = message === "" ? title : message;
  const first = /^.*?[.!?](?=\s|$)/s.exec(text)?.[0];
  return first === undefined ? [`${text}.`, ""] : [first, text.slice(first.length).trim()];
}

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);
