import type { Finding, Severity } from "../model/finding.ts";
import type { Outcome } from "./diagnose.ts";
import type { Rule } from "./rule.ts";

const weight: Readonly<Record<Severity, number>> = { error: 2, warning: 1, info: 0 };

/**
 * One fault, one alarm. Rules look at the run independently of each other, so a NaN loss may also
 * show up as an exploding gradient; a rule names in `signOf` the rules whose findings contain its own.
 * Such a finding moves into the evidence of the wider one, unless it is the more severe of the two
 * or was over before the wider one began.
 */
export function mergeSigns(outcomes: readonly Outcome[], rules: readonly Rule[]): readonly Outcome[] {
  const findings = outcomes.flatMap((outcome) => (outcome.status === "checked" ? outcome.findings : []));
  if (findings.length < 2) return outcomes;
  const signOf = new Map(rules.map((rule) => [rule.id, rule.signOf ?? []]));
  const absorbed = new Map<Finding, Finding>();
  for (const finding of findings) {
    for (const rule of signOf.get(finding.rule) ?? []) {
      const wider = findings.find((other) => other.rule === rule && !absorbed.has(other) && covers(other, finding));
      if (wider === undefined) continue;
      absorbed.set(finding, wider);
      break;
    }
  }
  if (absorbed.size === 0) return outcomes;
  const rootOf = (finding: Finding): Finding => {
    const wider = absorbed.get(finding);
    return wider === undefined ? finding : rootOf(wider);
  };
  return outcomes.map((outcome) => {
    if (outcome.status !== "checked") return outcome;
    const gone = outcome.findings.find((finding) => absorbed.has(finding));
    const kept = outcome.findings
      .filter((finding) => !absorbed.has(finding))
      .map((finding) => {
        const signs = [...absorbed.keys()].filter((sign) => rootOf(sign) === finding);
        return signs.length === 0 ? finding : { ...finding, evidence: [...finding.evidence, ...evidenceOf(signs)] };
      });
    return {
      ...outcome,
      findings: kept,
      ...(gone === undefined ? {} : { mergedInto: rootOf(gone).rule }),
    };
  });
}

function covers(wider: Finding, sign: Finding): boolean {
  if (weight[wider.severity] < weight[sign.severity]) return false;
  const from = wider.onset.step;
  const at = sign.onset.step;
  if (from === null || at === null) return true;
  if (at >= from) return wider.end === null || at <= wider.end.step;
  return sign.end === null || sign.end.step >= from;
}

const evidenceOf = (signs: readonly Finding[]): Finding["evidence"] =>
  signs.map((sign) => {
    const [first] = sign.evidence;
    return {
      series: first?.series ?? null,
      step: sign.onset.step,
      // The sign's own evidence may be of its peak, which is another step than its onset.
      value: first !== undefined && first.step === sign.onset.step ? first.value : null,
      note: `${sign.title}: ${sign.message}`,
    };
  });
