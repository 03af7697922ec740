import type { Finding } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import { createDiagnosis, rules, signs, toReport } from "./index.ts";
import { runOf, type Row, type Story } from "./synthetic.fixture.ts";

/** The whole report on a story: rules are tested among the others, because one fault is one finding. */
export function reportOn(story: Story): Report {
  const run = runOf(story);
  return toReport(run, createDiagnosis(run, rules, signs)());
}

export const findingOf = (rule: string, story: Story): Finding | undefined =>
  reportOn(story).findings.find((finding) => finding.rule === rule);

/** What the report misses for this rule; undefined when the rule was applicable. */
export const missingFor = (rule: string, story: Story): readonly string[] | undefined =>
  reportOn(story).notApplicable.find((entry) => entry.rule === rule)?.missing;

/** The rows without some metrics. */
export const without = (rows: readonly Row[], ...names: readonly string[]): Row[] =>
  rows.map((row) => {
    const kept: Record<string, number> & { step: number } = { step: row.step };
    for (const [name, value] of Object.entries(row)) if (!names.includes(name)) kept[name] = value;
    return kept;
  });

export const changesOf = (finding: Finding | undefined): Finding["advice"][number]["changes"] =>
  finding?.advice.flatMap((advice) => advice.changes) ?? [];
