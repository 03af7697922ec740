import type { Finding, Severity } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import type { Diagnosis } from "./diagnose.ts";
import type { RunData } from "./run-data.ts";
import { rules } from "./rules/index.ts";
import { at } from "../base/statistics.ts";

const severities: readonly Severity[] = ["error", "warning", "info"];

/** What `diagnose --json` prints. Findings: the worst first, then the earliest, then in the order of the rules. */
export function toReport(run: RunData, diagnosis: Diagnosis): Report {
  const { info } = run;
  const order = new Map(rules.map((rule, index) => [rule.id, index]));
  const findings = diagnosis.outcomes.flatMap((outcome) => (outcome.status === "checked" ? outcome.findings : []));
  const place = (finding: Finding): number[] => [
    severities.indexOf(finding.severity),
    finding.onset.step ?? Number.NEGATIVE_INFINITY,
    order.get(finding.rule) ?? rules.length,
  ];
  return {
    schema: "llmdbg.report/1",
    run: {
      id: info.id,
      name: info.name,
      source: info.source,
      dialect: info.dialect,
      firstStep: Number.isFinite(run.firstStep) ? run.firstStep : null,
      lastStep: Number.isFinite(run.lastStep) ? run.lastStep : null,
      series: [...run.series].map((series) => series.id).sort(),
    },
    findings: findings
      .map((finding) => ({ finding, key: place(finding) }))
      .sort((a, b) => compare(a.key, b.key))
      .map(({ finding }) => finding),
    explained: [...diagnosis.explained],
    ...(diagnosis.standing.length === 0 ? {} : { standing: [...diagnosis.standing] }),
    clean: diagnosis.outcomes.flatMap((outcome) =>
      outcome.status === "checked" && outcome.findings.length === 0 && outcome.mergedInto === undefined
        ? [outcome.rule]
        : [],
    ),
    notApplicable: diagnosis.outcomes.flatMap((outcome) =>
      outcome.status === "not-applicable" ? [{ rule: outcome.rule, missing: [...outcome.missing] }] : [],
    ),
    failed: diagnosis.outcomes.flatMap((outcome) =>
      outcome.status === "failed" ? [{ rule: outcome.rule, error: outcome.error }] : [],
    ),
  };
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (at(a, i) !== at(b, i)) return at(a, i) < at(b, i) ? -1 : 1;
  return 0;
}
