import { createDiagnosis, rules, signs, toReport, type RunData } from "../../analysis/index.ts";
import type { Finding } from "../../model/finding.ts";
import type { Report } from "../../model/report.ts";
import type { Curve } from "../terminal/sparkline.ts";

/** Diagnoses a run in this process, again and again while it grows. */
export function diagnoser(run: RunData): () => Report {
  const diagnose = createDiagnosis(run, rules, signs);
  return () => toReport(run, diagnose());
}

/** The curve beside a finding: the first series of its evidence that the run holds. */
export function localCurve(run: RunData, finding: Finding): Curve | undefined {
  for (const { series: id } of finding.evidence) {
    if (id === null) continue;
    for (const series of run.series)
      if (series.id === id && series.length > 1) return { label: id, step: series.step, value: series.value };
  }
  return undefined;
}
