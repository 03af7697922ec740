/** The tables of docs/accuracy.md. */
import { median, quantile } from "../../../src/base/statistics.ts";
import { scoreOf, wilson, type Judged, type Score, type Share } from "./judge.ts";

export interface Row {
  readonly detector: string;
  readonly score: Score;
  /** Logged rows between onset and first alarm, of the detected faults; null: not measured. */
  readonly waits: readonly number[] | null;
}

const percent = (value: number): string => `${Math.round(value * 100)} %`;
const of = ({ hits, of: total }: Share): string => (total === 0 ? "–" : `${percent(hits / total)} (${hits}/${total})`);

function falseAlarms(score: Score): string {
  const [low, high] = wilson(score.falseAlarms);
  return score.falseAlarms.of === 0
    ? "–"
    : `${percent(score.falseAlarms.hits / score.falseAlarms.of)} (${score.falseAlarms.hits}/${score.falseAlarms.of}; ${percent(low)} to ${percent(high)})`;
}

const wait = (waits: readonly number[] | null): string =>
  waits === null || waits.length === 0
    ? "–"
    : `${median(waits)} (90 %: ${Number(quantile(waits, 0.9).toPrecision(3))})`;

export function scoreTable(rows: readonly Row[]): string {
  const [first] = rows;
  const lines = rows.map(({ detector, score, waits }) =>
    [
      detector,
      of(score.recall),
      of(score.rule),
      of(score.top1),
      of(score.top3),
      of(score.layer),
      of(score.onset),
      falseAlarms(score),
      score.extraPerFault.toFixed(2),
      wait(waits),
    ].join(" | "),
  );
  return [
    `${first?.score.faulty ?? 0} faulty and ${first?.score.healthy ?? 0} healthy runs.`,
    "",
    "| detector | detected | right rule | right cause first | right cause in first 3 | right layer | onset within 2 rows | healthy runs alarmed (95 %) | other alarms per fault | rows to first alarm |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...lines.map((line) => `| ${line} |`),
    "",
  ].join("\n");
}

/** llmdbg alone, program by program. */
export function programTable(judged: readonly Judged[]): string {
  const programs = [...new Set(judged.map(({ truth }) => truth.program))].toSorted();
  return [
    "| program | faulty | detected | right rule | right cause first | right layer | onset within 2 rows | healthy runs alarmed |",
    "|---|---|---|---|---|---|---|---|",
    ...programs.map((program) => {
      const score = scoreOf(judged.filter(({ truth }) => truth.program === program));
      return `| \`${program}\` | ${score.faulty} | ${of(score.recall)} | ${of(score.rule)} | ${of(score.top1)} | ${of(score.layer)} | ${of(score.onset)} | ${score.falseAlarms.hits}/${score.falseAlarms.of} |`;
    }),
    "",
  ].join("\n");
}
