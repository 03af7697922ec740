import type { Evidence, Finding, Related, Severity } from "../model/finding.ts";
import type { Outcome } from "./diagnose.ts";
import type { Rule } from "./rule.ts";

const weight: Readonly<Record<Severity, number>> = { error: 2, warning: 1, info: 0 };

/** One step of the story: `root` accounts for the finding. A consequence hands its severity on, a sign has none to add. */
interface Link {
  readonly root: Finding;
  readonly isConsequence: boolean;
}

/**
 * One fault, one story. Rules look at the run independently of each other, so one fault shows up as several
 * findings. Which rule can account for which is declared by the rules (`signOf`, `leadsTo`); together that is
 * the cause graph. Each finding is hung under the one that accounts for it best (the most severe, then the
 * earliest), and what is left without one is a root: the only one that is an alarm. The others are in its
 * `related` and in its evidence.
 */
export function mergeSigns(outcomes: readonly Outcome[], rules: readonly Rule[]): readonly Outcome[] {
  const findings = outcomes.flatMap((outcome) => (outcome.status === "checked" ? outcome.findings : []));
  if (findings.length < 2) return outcomes;
  const links = linksOf(findings, rules);
  if (links.size === 0) return outcomes;
  const rootOf = (finding: Finding): Finding => {
    const link = links.get(finding);
    return link === undefined ? finding : rootOf(link.root);
  };
  const parts = new Map<Finding, Finding[]>();
  for (const finding of links.keys()) {
    const root = rootOf(finding);
    parts.set(root, [...(parts.get(root) ?? []), finding]);
  }
  return outcomes.map((outcome) => {
    if (outcome.status !== "checked") return outcome;
    const gone = outcome.findings.find((finding) => links.has(finding));
    const kept = outcome.findings
      .filter((finding) => !links.has(finding))
      .map((finding) => told(finding, parts.get(finding) ?? [], links));
    return { ...outcome, findings: kept, ...(gone === undefined ? {} : { mergedInto: rootOf(gone).rule }) };
  });
}

function linksOf(findings: readonly Finding[], rules: readonly Rule[]): Map<Finding, Link> {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const links = new Map<Finding, Link>();
  const endsAt = (finding: Finding, place: Finding): boolean => {
    for (let at: Finding | undefined = finding; at !== undefined; at = links.get(at)?.root)
      if (at === place) return true;
    return false;
  };
  for (const finding of findings) {
    const candidates = findings
      .flatMap((other): Link[] => {
        if (other === finding) return [];
        const isSign = byId.get(finding.rule)?.signOf?.includes(other.rule) ?? false;
        if (isSign && contains(other, finding)) return [{ root: other, isConsequence: false }];
        const isLed = byId.get(other.rule)?.leadsTo?.includes(finding.rule) ?? false;
        if ((isLed || isSamePlaceElsewhere(other, finding)) && precedes(other, finding, findings))
          return [{ root: other, isConsequence: true }];
        return [];
      })
      .sort((a, b) => weight[b.root.severity] - weight[a.root.severity] || stepOf(a.root) - stepOf(b.root));
    // A pair that each can account for the other must not hang in a circle.
    const best = candidates.find(({ root }) => !endsAt(root, finding));
    if (best !== undefined) links.set(finding, best);
  }
  return links;
}

const stepOf = (finding: Finding): number => finding.onset.step ?? Number.NEGATIVE_INFINITY;

/** A sign may lead into the wider finding; it is not of it when it was over before, began after, or is more severe. */
function contains(wider: Finding, sign: Finding): boolean {
  return weight[wider.severity] >= weight[sign.severity] && overlaps(wider, sign);
}

function overlaps(wider: Finding, sign: Finding): boolean {
  const from = wider.onset.step;
  const at = sign.onset.step;
  if (from === null || at === null) return true;
  if (at >= from) return wider.end === null || at <= wider.end.step;
  return sign.end === null || sign.end.step >= from;
}

/** A cause comes no later than its consequence, and has not ended before. */
function precedes(cause: Finding, consequence: Finding, findings: readonly Finding[]): boolean {
  if (!overlaps(cause, consequence)) return false;
  const order = stepOf(cause) - stepOf(consequence);
  return order < 0 || (order === 0 && (cause.rule !== consequence.rule || isFirst(cause, consequence, findings)));
}

const isFirst = (a: Finding, b: Finding, findings: readonly Finding[]): boolean =>
  findings.indexOf(a) < findings.indexOf(b);

/** The same fault in another layer or on another rank: it began where it came first. */
const isSamePlaceElsewhere = (a: Finding, b: Finding): boolean =>
  a.rule === b.rule && (a.onset.layer !== b.onset.layer || a.onset.rank !== b.onset.rank);

/** The root with its story. An alarm is as severe as the worst that it brought about. */
function told(root: Finding, parts: readonly Finding[], links: ReadonlyMap<Finding, Link>): Finding {
  if (parts.length === 0) return root;
  const inOrder = parts.toSorted((a, b) => stepOf(a) - stepOf(b));
  const severity = inOrder
    .filter((part) => links.get(part)?.isConsequence === true)
    .reduce((worst, part) => (weight[part.severity] > weight[worst] ? part.severity : worst), root.severity);
  return {
    ...root,
    severity,
    evidence: [...root.evidence, ...inOrder.map(evidenceOf)],
    related: inOrder.map(({ rule, severity: of, title, message, onset }): Related => ({
      rule,
      severity: of,
      title,
      message,
      onset,
    })),
  };
}

function evidenceOf(sign: Finding): Evidence {
  const [first] = sign.evidence;
  return {
    series: first?.series ?? null,
    step: sign.onset.step,
    // The sign's own evidence may be of its peak, which is another step than its onset.
    value: first !== undefined && first.step === sign.onset.step ? first.value : null,
    note: `${sign.title}: ${sign.message}`,
  };
}
