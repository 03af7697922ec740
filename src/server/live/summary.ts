import { evalLoss, trainLoss } from "../../analysis/signals.ts";
import type { Finding, Severity } from "../../model/finding.ts";
import { toWire } from "../../model/number.ts";
import type { Labels } from "../../model/series.ts";
import type { RunSummary } from "../../api/runs.ts";

/** Pairs of minimum and maximum in a sparkline: a single-step spike stays visible at any length. */
const pairs = 20;

/** At most 40 values, two a piece of the curve in the order they came; null where a piece has no finite value. */
export function sparkline(values: Float64Array): (number | null)[] {
  if (values.length <= 2 * pairs) return Array.from(values, (v) => (Number.isFinite(v) ? v : null));
  const line: (number | null)[] = [];
  for (let piece = 0; piece < pairs; piece += 1) {
    const end = Math.floor(((piece + 1) * values.length) / pairs);
    let low = -1;
    let high = -1;
    for (let i = Math.floor((piece * values.length) / pairs); i < end; i += 1) {
      const value = values[i] ?? Number.NaN;
      if (!Number.isFinite(value)) continue;
      if (low === -1 || value < (values[low] ?? 0)) low = i;
      if (high === -1 || value > (values[high] ?? 0)) high = i;
    }
    const at = (i: number): number | null => (i === -1 ? null : (values[i] ?? null));
    line.push(at(Math.min(low, high)), at(Math.max(low, high)));
  }
  return line;
}

interface Named {
  readonly name: string;
  readonly labels: Labels;
}

/** The curve that stands for a run: its training loss, else a held-out loss. */
export function mainLoss<S extends Named>(series: Iterable<S>): S | undefined {
  const all = [...series];
  return all.find((s) => trainLoss.matches(s.name, s.labels)) ?? all.find((s) => evalLoss.matches(s.name, s.labels));
}

/** How far a run is: the last step of its main loss, else of any series that is not about the machine. */
export function lastStepOf(series: Iterable<Named & { readonly lastStep: number }>): number | null {
  const all = [...series];
  const main = mainLoss(all);
  if (main !== undefined) return main.lastStep;
  const steps = all.filter((s) => !s.name.startsWith("system/")).map((s) => s.lastStep);
  return steps.length === 0 ? null : steps.reduce((a, b) => Math.max(a, b));
}

const worstFirst: readonly Severity[] = ["error", "warning", "info"];

/** What has passed by itself is a note: worth reading, no reason to act. The one that began first names the verdict. */
export function judged(findings: readonly Finding[]): Pick<RunSummary, "verdict" | "findings" | "headline"> {
  const byOnset = findings.toSorted((a, b) => (a.onset.step ?? 0) - (b.onset.step ?? 0));
  const isOpen = ({ recovered }: Finding): boolean => recovered !== true;
  const gravest = worstFirst
    .map((severity) => byOnset.find((finding) => finding.severity === severity && isOpen(finding)))
    .find((finding) => finding !== undefined);
  return {
    verdict: gravest?.severity ?? (findings.length > 0 ? "info" : null),
    findings: findings.length,
    headline: (gravest ?? byOnset[0])?.title ?? null,
  };
}

export const lossOf = (value: number | undefined): RunSummary["lastLoss"] =>
  value === undefined ? null : toWire(value);
