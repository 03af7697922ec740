import { z } from "zod";
import { Finding, Resolved } from "../model/finding.ts";
import type { Report } from "../model/report.ts";

/** A finding as it was shown last, with the last logged step of then. */
const Shown = z.object({ finding: Finding, seenTo: z.number().nullable() });
type Shown = z.infer<typeof Shown>;

/** All that a ledger remembers; plain data, so that a server can keep it over a restart. */
export const LedgerState = z.object({
  shown: z.array(Shown),
  /** Signs that were explained beside them. */
  explained: z.array(z.string()),
  resolved: z.array(Resolved),
});
export type LedgerState = z.infer<typeof LedgerState>;

export const emptyLedger: LedgerState = { shown: [], explained: [], resolved: [] };

/** More than anybody reads; the newest are kept. */
const mostResolved = 100;

/**
 * Follows the reports on one growing run, so that a finding that was shown is never withdrawn without a word:
 * it is an update of one that is still there, or it is listed as resolved, with the reason.
 *
 * The same finding: of the same rule, layer and rank, with an onset within the data that were there when it was
 * shown last. An estimate of the onset may move; what begins in later data is another fault. So may the layer,
 * when more is known of the same step: a single finding that takes the place of a single one is an update of it.
 */
export function follow(before: LedgerState, report: Report): LedgerState {
  const step = report.run.lastStep;
  const left = [...report.findings];
  const take = (gone: Finding, seenTo: number | null): boolean => {
    const same = left.filter((finding) => isSame(gone, seenTo, finding));
    const match = same.find(({ onset }) => onset.step === gone.onset.step) ?? same[0];
    if (match === undefined) return false;
    left.splice(left.indexOf(match), 1);
    return true;
  };
  // Exact places first: a moved estimate must not take the place of a finding that stands where it was.
  const isExact = ({ finding }: Shown): boolean =>
    report.findings.some((now) => placeOf(now) === placeOf(finding) && now.onset.step === finding.onset.step);
  const byPlace = [...before.shown].sort((a, b) => Number(isExact(b)) - Number(isExact(a)));
  const missing = byPlace.filter(({ finding, seenTo }) => !take(finding, seenTo));
  const gone = missing.filter(({ finding }) => !isMoved(finding, missing, left));
  const isBack = ({ finding, step: at }: Resolved): boolean =>
    left.some((now) => isSame(finding, at, now)) || gone.some((one) => isSame(one.finding, one.seenTo, finding));
  return {
    shown: report.findings.map((finding) => ({ finding, seenTo: step })),
    explained: report.explained.map(({ sign }) => sign),
    resolved: [
      ...before.resolved.filter((one) => !isBack(one)),
      ...gone.map((one) => ({ finding: one.finding, step, reason: reasonOf(one, before, report) })),
    ].slice(-mostResolved),
  };
}

/** The report with what was shown earlier and no longer holds. */
export const withResolved = (report: Report, { resolved }: LedgerState): Report =>
  resolved.length === 0 ? report : { ...report, resolved: [...resolved] };

const placeOf = ({ rule, onset }: Finding): string => JSON.stringify([rule, onset.layer ?? null, onset.rank ?? null]);

function isSame(shown: Finding, seenTo: number | null, now: Finding): boolean {
  if (placeOf(shown) !== placeOf(now)) return false;
  if (shown.onset.step === now.onset.step) return true;
  return shown.onset.step === null || beganBy(now, seenTo);
}

/** The layer was named anew: the only one of its rule and step that is missing is the only one that is new there. */
function isMoved(shown: Finding, missing: readonly Shown[], left: readonly Finding[]): boolean {
  const isThere = (other: Finding): boolean =>
    other.rule === shown.rule && other.onset.rank === shown.onset.rank && other.onset.step === shown.onset.step;
  return (
    shown.onset.step !== null &&
    left.filter(isThere).length === 1 &&
    missing.filter(({ finding }) => isThere(finding)).length === 1
  );
}

/** What changed, in words: the first that is true of the new report. */
function reasonOf({ finding: gone, seenTo }: Shown, before: LedgerState, report: Report): string {
  const { run, findings, explained, notApplicable, failed } = report;
  const now = run.lastStep === null ? "Now" : `At step ${run.lastStep}`;
  const story = findings.find((finding) => finding.related?.some(({ rule }) => rule === gone.rule) ?? false);
  if (story !== undefined) return `It is part of another finding now: ${nameOf(story)}.`;
  const broken = failed.find(({ rule }) => rule === gone.rule);
  if (broken !== undefined) return `The check failed and can no longer confirm it: ${broken.error}`;
  const absent = notApplicable.find(({ rule }) => rule === gone.rule);
  if (absent !== undefined) return `It can no longer be checked: ${absent.missing.join(", ")} is missing.`;
  const normal = explained.find(
    ({ sign }) => !before.explained.includes(sign) && sign.includes(`step ${gone.onset.step}`),
  );
  if (normal !== undefined) return `It is normal here. ${normal.sign} ${normal.why}`;
  const known = new Set(before.shown.map(({ finding }) => placeOf(finding)));
  const other = findings.find((finding) => !known.has(placeOf(finding)) && beganBy(finding, seenTo));
  if (other !== undefined)
    return `With more data ${isSameLayer(gone, other) ? "the same place looks like something else" : "another layer stands out"}: ${nameOf(other)}.`;
  const later = findings.find(({ rule }) => rule === gone.rule);
  if (later !== undefined) return `${now} the check finds only what came later: ${nameOf(later)}.`;
  return gone.end === null && gone.recovered !== true
    ? `It recovered: ${now.charAt(0).toLowerCase()}${now.slice(1)} the check finds nothing wrong any more.`
    : `${now} there are enough data to see that it was within what is usual in this run.`;
}

const beganBy = ({ onset }: Finding, step: number | null): boolean =>
  onset.step === null || step === null || onset.step <= step;

/** A finding without a layer is about the whole run, every layer with it. */
const isSameLayer = ({ onset: a }: Finding, { onset: b }: Finding): boolean =>
  a.layer === undefined || b.layer === undefined || a.layer === b.layer;

const nameOf = ({ title, rule, onset }: Finding): string =>
  `${title}${onset.layer === undefined ? "" : ` in ${onset.layer}`}${onset.step === null ? "" : ` since step ${onset.step}`} (${rule})`;
