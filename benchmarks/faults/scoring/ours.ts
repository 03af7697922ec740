/** llmdbg's own answers: on the whole recording, and while it grows. */
import { createDiagnosis, RunData, rules, signs, toReport } from "../../../src/analysis/index.ts";
import type { Report } from "../../../src/model/report.ts";
import type { SeriesPoints } from "../../../src/model/series.ts";
import type { Alarm } from "./judge.ts";
import type { Recorded } from "./corpus.ts";

export function reportOf({ data, name }: Recorded): Report {
  const report = toReport(data, createDiagnosis(data, rules, signs)());
  if (report.failed.length > 0)
    throw new Error(`${name}: ${report.failed.map(({ rule, error }) => `${rule}: ${error}`).join("; ")}`);
  return report;
}

export const alarmsOf = (report: Report): readonly Alarm[] =>
  report.findings
    .filter(({ severity }) => severity !== "info")
    .map(({ rule, related = [], onset, causes }) => ({
      // One finding tells one story and names all that belongs to it; step, layer and causes are its root's.
      rules: [rule, ...related.map((part) => part.rule)],
      step: onset.step,
      layer: onset.layer ?? null,
      causes: causes.map(({ id }) => id),
    }));

/** Logged rows between the onset and the first alarm while the run grows row by row; null when none comes, and before the onset counts as 0. */
export function rowsToAlarm({ run, data: whole, rows, truth }: Recorded): number | null {
  const growing = new RunData({ ...whole.info, status: "running", endedAt: null, exitStatus: null });
  growing.setConfig(run.config);
  const diagnose = createDiagnosis(growing, rules, signs);
  const sent = run.series.map(() => 0);
  const records = run.records.toSorted((a, b) => (a.step ?? 0) - (b.step ?? 0));
  let nextRecord = 0;
  const onsetRow = Math.max(
    0,
    rows.findIndex((step) => step >= (truth.onset?.step ?? 0)),
  );
  for (const [row, step] of rows.entries()) {
    const series = run.series.flatMap((points, i): SeriesPoints[] => {
      const from = sent[i] ?? 0;
      let to = from;
      // Arrival order: a series that went back is past its resume once the steps rise again.
      while (to < points.step.length && (points.step[to] ?? 0) <= step) to += 1;
      sent[i] = to;
      if (to === from) return [];
      const { name, labels } = points;
      return [
        {
          name,
          labels,
          step: points.step.slice(from, to),
          time: points.time.slice(from, to),
          value: points.value.slice(from, to),
        },
      ];
    });
    const from = nextRecord;
    while (nextRecord < records.length && (records[nextRecord]?.step ?? 0) <= step) nextRecord += 1;
    growing.append({ series, records: records.slice(from, nextRecord) });
    if (alarmsOf(toReport(growing, diagnose())).length > 0) return Math.max(0, row - onsetRow);
  }
  return null;
}
