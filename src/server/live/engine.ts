import { createDiagnosis, rules, signs, toReport, type RunData } from "../../analysis/index.ts";
import type { Report } from "../../model/report.ts";

/** The one place where the server meets the engine: a function that diagnoses the run as it is now. */
export function createReport(run: RunData): () => Report {
  const diagnose = createDiagnosis(run, rules, signs);
  return () => toReport(run, diagnose());
}
