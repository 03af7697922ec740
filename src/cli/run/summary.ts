import { relative } from "node:path";
import type { Report } from "../../model/report.ts";
import type { Outbox } from "../client/outbox.ts";
import { findingLines, remainder, verdictLine } from "../terminal/report-text.ts";
import type { Style } from "../terminal/style.ts";
import { count, labelled, plain } from "../terminal/text.ts";
import type { Ended } from "./child.ts";
import type { Discovery } from "./discovery.ts";
import type { Recorder } from "./recorder.ts";
import type { Watch } from "./watch.ts";

interface Summary {
  readonly id: string;
  readonly report: Report;
  readonly ended: Ended;
  readonly watch: Watch;
  readonly discovery: Discovery;
  readonly outbox: Outbox | undefined;
  /** Requests that wait in the spool. */
  readonly waiting: number;
  readonly recorder: Recorder | undefined;
  /** Address of the run's page, when a server has it. */
  readonly page: string | undefined;
  /** Data directory. */
  readonly spool: string;
}

/** What stands on the terminal when the command is over: the verdict first, and where to look. */
export function summaryText(summary: Summary, style: Style): string {
  const { report, ended, page, id, recorder } = summary;
  const { dim } = style.colours;
  const rule = (style.unicode ? "─" : "-").repeat(Math.min(60, style.width));
  const lines = ["", dim(rule)];
  // A command that died is the first thing to say, before what its metrics looked like.
  if (ended.exitCode !== 0) lines.push(style.colours.red(plain(endingOf(summary))));
  lines.push(verdictLine(report, style));
  lines.push(...findingLines(report, style).map((line) => `  ${line}`));
  lines.push(...readingLines(summary.watch, style));
  if (report.run.series.some((series) => !series.startsWith("system/")))
    lines.push(...remainder(report, style).map((line) => `  ${line}`));
  for (const note of notes(summary)) lines.push(dim(`  ${plain(note)}`));
  if (page !== undefined)
    lines.push(`  ${dim("Look closer  ")}${page}`, `  ${dim("Full text    ")}llmdbg diagnose ${id}`);
  else if (recorder !== undefined) lines.push(`  ${dim("Full text    ")}llmdbg diagnose ${recorder.directory}`);
  return `${lines.join("\n")}\n`;
}

/** What to do when nothing was read, or nothing that is known as a loss: most checks look at that curve. */
export function readingLines({ names, hasObjective }: Pick<Watch, "names" | "hasObjective">, style: Style): string[] {
  if (names.size === 0)
    return [
      "  No metric was printed or written. Print lines such as `step=10 loss=2.31`, or log with the SDK: import llmdbg",
    ];
  if (hasObjective) return [];
  const shown = [...names].slice(0, 8).map((name) => plain(name));
  const more = names.size > shown.length ? ` and ${names.size - shown.length} more` : "";
  return labelled(
    "Read         ",
    `${shown.join(", ")}${more}. None of these names is known as a loss, so most checks had nothing to look at. ` +
      "Call it `loss` or `train_loss`, and on held-out data `val_loss`.",
    style.width - 2,
  ).map((line) => `  ${line}`);
}

function endingOf({ ended, watch, id }: Summary): string {
  const how =
    ended.signal === undefined
      ? `The command ended with status ${ended.exitCode}`
      : `The command was ended by ${ended.signal}`;
  const exception = watch.data.records.findLast((record) => record.exception !== null);
  return exception === undefined ? `${how}.` : `${how}: ${exception.message.slice(0, 300)}  (llmdbg logs ${id})`;
}

function notes({ watch, discovery, outbox, waiting, recorder, spool }: Summary): string[] {
  const lines: string[] = [];
  const read = discovery.followers.filter(({ points }) => points > 0);
  if (read.length > 0) {
    const names = read.slice(0, 4).map(({ path }) => relative(process.cwd(), path));
    lines.push(`Also read: ${names.join(", ")}${read.length > 4 ? ` and ${count(read.length - 4, "file")} more` : ""}`);
  }
  const reasons = new Map<string, string[]>();
  for (const { path, reason } of discovery.leftOut)
    reasons.set(reason, [...(reasons.get(reason) ?? []), relative(process.cwd(), path)]);
  for (const [reason, paths] of reasons) {
    const more = paths.length > 4 ? ` and ${count(paths.length - 4, "file")} more` : "";
    lines.push(`Left out as another run's: ${paths.slice(0, 4).join(", ")}${more} (${reason})`);
  }
  const twice = [...watch.owners.dropped.values()].reduce((sum, n) => sum + n, 0);
  if (twice > 0) lines.push(`${count(twice, "point")} came both printed and from a file, and were taken once`);
  for (const [metric, late] of watch.owners.late)
    lines.push(`${count(late, "point")} of ${metric} from files lie before what was printed and were left out`);
  const [first] = watch.rejected;
  if (first !== undefined)
    lines.push(
      `${count(watch.rejections, "place")} of the output could not be read, first line ${first.index}: ${first.reason}`,
    );
  for (const { path, rejected } of discovery.followers) {
    if (rejected[0] !== undefined)
      lines.push(
        `${relative(process.cwd(), path)}, line ${rejected[0].index}: ${rejected[0].reason} (${count(rejected.length, "place")} in all)`,
      );
  }
  for (const [reason, items] of outbox?.sent.refusals ?? [])
    lines.push(`The server refused ${count(items, "item")}: ${reason}`);
  if (waiting > 0)
    lines.push(
      `${count(waiting, "batch")} wait in ${spool}/spool; the next server on that directory takes them`.replace(
        "batchs",
        "batches",
      ),
    );
  const lost = outbox?.lost;
  if (lost !== undefined)
    lines.push(`Lost: ${count(lost.letters, "request")}, because the disk took no more (${lost.reason})`);
  if (recorder?.trouble !== undefined) lines.push(`The recording is incomplete: ${recorder.trouble}`);
  return lines;
}
