import type { DataFault, Evaluation, MetricValue } from "../../model/evaluation.ts";
import type { Example } from "../../model/example.ts";
import { fromWire } from "../../model/number.ts";
import { failureBlocks } from "./evaluation-failures.ts";
import { diffLines, severityText } from "./finding-block.ts";
import { severities } from "./report-text.ts";
import type { Style } from "./style.ts";
import { count, labelled, numberText, plain } from "./text.ts";

/** An evaluation for people: what was read as what, faults of the data, metrics, where and how the model fails, advice. */
export function evaluationText(evaluation: Evaluation, examples: readonly Example[], style: Style): string {
  const blocks = [
    heading(evaluation, style).join("\n"),
    ...bySeverity(evaluation.dataFaults).map((fault) => faultBlock(fault, style).join("\n")),
    metricLines(evaluation, style).join("\n"),
    ...failureBlocks(evaluation, examples, style),
    ...adviceBlocks(evaluation, style),
    ...notComputed(evaluation, style),
    nextText(evaluation, style),
  ].filter((block) => block !== "");
  return `${blocks.join("\n\n")}\n`;
}

function heading({ read, task, n }: Evaluation, style: Style): string[] {
  const { bold, dim } = style.colours;
  const title = `${bold(plain(read?.path ?? "predictions"))}: ${bold(task)}, ${count(n, "example")}`;
  if (read === null) return [title];
  const fields = read.fields
    .map(({ role, name }) => (role === name ? role : `${role} from "${plain(name)}"`))
    .join(", ");
  const lines = [
    ...labelled("  read    ", `${read.form}${fields === "" ? "" : `: ${fields}`}`, style.width),
    ...labelled(
      "  task    ",
      `${read.taskFrom === "given" ? "given" : `told from ${read.taskFrom}; --task changes it`}`,
      style.width,
    ),
  ].map((line) => dim(line));
  if (read.rejected.count > 0) lines.push(...rejectedLines(read.rejected, style));
  return [title, ...lines];
}

function rejectedLines({ count: rows, examples }: NonNullable<Evaluation["read"]>["rejected"], style: Style): string[] {
  const where = examples
    .slice(0, 3)
    .map(({ line, reason }) => `line ${line}: ${plain(reason)}`)
    .join("; ");
  return labelled("  left out ", `${count(rows, "row")} that cannot be read. ${where}`, style.width).map((line) =>
    style.colours.yellow(line),
  );
}

const bySeverity = (faults: readonly DataFault[]): DataFault[] =>
  faults.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));

function faultBlock(fault: DataFault, style: Style): string[] {
  const { bold, dim } = style.colours;
  const width = style.width - 2;
  const lines = [
    `${severityText(fault.severity, style)}  ${bold(plain(fault.title))}  ${dim(fault.id)}`,
    ...labelled("", fault.message, width),
  ];
  for (const [i, { id, line, note }] of fault.examples.slice(0, 3).entries())
    lines.push(
      ...labelled(i === 0 ? "where   " : "        ", `${line === 0 ? `id ${id}` : `line ${line}`}: ${note}`, width),
    );
  lines.push(...labelled("do      ", fault.advice, width));
  return lines.map((line, i) => (i === 0 ? line : `  ${line}`));
}

/** Averages that say nearly what the plain and macro ones say: of one label an example, micro is the accuracy. */
const isRepetition = ({ name }: MetricValue): boolean => /^(precision|recall|f1)_(micro|weighted)$/.test(name);

function metricLines({ metrics: all, errors, n }: Evaluation, style: Style): string[] {
  const { bold, dim } = style.colours;
  const metrics = all.filter((metric) => !isRepetition(metric));
  if (metrics.length === 0) return [];
  const names = Math.max(...metrics.map(({ name }) => name.length));
  const values = metrics.map((metric) => valueText(metric));
  const widest = Math.max(...values.map(({ length }) => length));
  const intervals = metrics.map((metric) => intervalText(metric));
  const widestInterval = Math.max(...intervals.map(({ length }) => length));
  const note = `${Math.round((metrics[0]?.level ?? 0.95) * 100)} % interval`;
  return [
    `${bold("Metrics")}  ${dim(`value, ${note}, how it is computed`)}`,
    ...metrics.map(({ name, signature }, i) => {
      const start = `  ${name.padEnd(names)}  ${bold((values[i] ?? "").padStart(widest))}  ${(intervals[i] ?? "").padEnd(widestInterval)}`;
      return `${start}  ${dim(plain(signature))}`.trimEnd();
    }),
    ...(errors.measuredBy === ""
      ? []
      : [
          dim(
            `  ${errors.count.toLocaleString("en-US")} of ${count(n, "example")} ${errors.count === 1 ? "is" : "are"} not fully right (${errors.measuredBy})`,
          ),
        ]),
  ];
}

/** Two decimals of a per cent or point, four of a share. */
const valueText = ({ value }: MetricValue): string => rounded(fromWire(value) ?? Number.NaN);

const intervalText = ({ low, high }: MetricValue): string =>
  low === null || high === null
    ? ""
    : `[${rounded(fromWire(low) ?? Number.NaN)}, ${rounded(fromWire(high) ?? Number.NaN)}]`;

function rounded(value: number): string {
  if (!Number.isFinite(value)) return numberText(value);
  const size = Math.abs(value);
  return size >= 1e6 || (size > 0 && size < 1e-4)
    ? numberText(value)
    : value.toFixed(size >= 1000 ? 0 : size > 1 ? 2 : 4);
}

function notComputed({ notApplicable }: Evaluation, style: Style): string[] {
  if (notApplicable.length === 0) return [];
  const byMissing = new Map<string, string[]>();
  for (const { metric, missing } of notApplicable)
    byMissing.set(missing.join(", "), [...(byMissing.get(missing.join(", ")) ?? []), metric]);
  return [
    [...byMissing]
      .flatMap(([missing, metrics], i) =>
        labelled(
          i === 0 ? "Not computed  " : "              ",
          `${metrics.join(", ")} (needs ${missing})`,
          style.width,
        ),
      )
      .map((line) => style.colours.dim(line))
      .join("\n"),
  ];
}

function adviceBlocks({ advice }: Evaluation, style: Style): string[] {
  const { bold, dim } = style.colours;
  const width = style.width - 2;
  if (advice.length === 0) return [];
  const lines = advice.flatMap(({ summary, changes, expect, source }, i) => [
    ...labelled(`${i + 1}. `, summary, width),
    ...changes.flatMap(({ key, from, to }) => diffLines(key, from, to, style)),
    ...labelled("   expect  ", expect, width),
    ...labelled("   source  ", source, width).map((line) => dim(line)),
  ]);
  return [[bold("What to change"), ...lines.map((line) => `  ${line}`)].join("\n")];
}

/** What to do next with what is known now. */
function nextText({ read, dataFaults }: Evaluation, style: Style): string {
  const path = plain(read?.path ?? "predictions.jsonl");
  const next = dataFaults.some(({ severity }) => severity === "error")
    ? "Correct the faults of the data above first: until then the metrics are not the model's."
    : `After a change, evaluate its predictions on the same examples in the same way. All of this as data: llmdbg evaluate ${path} --json`;
  return labelled("Next  ", next, style.width)
    .map((line, i) => (i === 0 ? line.replace(/^Next/, (word) => style.colours.dim(word)) : line))
    .join("\n");
}
