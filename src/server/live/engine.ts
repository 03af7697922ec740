import { createDiagnosis, type Diagnosis } from "../../analysis/diagnose.ts";
import type { RunData } from "../../analysis/run-data.ts";
import type { Report } from "../../model/report.ts";

/** The one place where the server meets the engine. */
export const createReport = (run: RunData): (() => Report) => {
  const diagnose = createDiagnosis(run, [], []);
  return () => toReport(run, diagnose());
};

function toReport(run: RunData, diagnosis: Diagnosis): Report {
  const { id, name, source, dialect } = run.info;
  const steps = [...run.series].flatMap((s) => (s.length === 0 ? [] : [s.step[0] ?? 0, s.step[s.length - 1] ?? 0]));
  return {
    schema: "llmdbg.report/1",
    run: {
      id,
      name,
      source,
      dialect,
      firstStep: steps.length === 0 ? null : Math.min(...steps),
      lastStep: steps.length === 0 ? null : Math.max(...steps),
      series: [...run.series].map((s) => s.id),
    },
    findings: diagnosis.outcomes.flatMap((o) => (o.status === "checked" ? [...o.findings] : [])),
    explained: [...diagnosis.explained],
    clean: diagnosis.outcomes.flatMap((o) => (o.status === "checked" && o.findings.length === 0 ? [o.rule] : [])),
    notApplicable: diagnosis.outcomes.flatMap((o) =>
      o.status === "not-applicable" ? [{ rule: o.rule, missing: [...o.missing] }] : [],
    ),
    failed: diagnosis.outcomes.flatMap((o) => (o.status === "failed" ? [{ rule: o.rule, error: o.error }] : [])),
  };
}
