import { z } from "zod";
import { getRecords } from "../../api/records.ts";
import { Level, type LogRecord } from "../../model/record.ts";
import type { Invocation } from "../command.ts";
import { isPath } from "../diagnose/operand.ts";
import { openStoredRun, runPath } from "../diagnose/stored-run.ts";
import { dataDirectory, parseOptions } from "../options.ts";
import { findInputs } from "../read/find-inputs.ts";
import { readRun } from "../read/read-run.ts";
import { plain } from "../terminal/text.ts";
import type { Style } from "../terminal/style.ts";

const Options = z.object({
  level: Level.default("warning"),
  dir: z.string().optional(),
  json: z.boolean().default(false),
});

interface Group {
  readonly group: string;
  readonly role: LogRecord["role"];
  readonly level: Level;
  readonly count: number;
  readonly message: string;
  readonly exception: string | null;
  readonly firstStep: number | null;
  readonly lastStep: number | null;
  readonly firstTime: number | null;
  readonly ranks: readonly number[];
}

/** `llmdbg logs <path|run>`: equal events as one group, roots first, then by severity and time. */
export async function logs({ operands, options: given, env, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  const [operand = ""] = operands;
  const { name, records, total } = isPath(operand)
    ? await fromPath(operand)
    : await fromServer(operand, dataDirectory(options.dir, env), env);
  const least = Level.options.indexOf(options.level);
  const groups = grouped(records).filter((group) => Level.options.indexOf(group.level) >= least);
  if (options.json)
    terminal.out(
      `${JSON.stringify({ schema: "llmdbg.logs/1", name, records: total, read: records.length, groups }, undefined, 2)}\n`,
    );
  else terminal.out(text(groups, { name, total, read: records.length, level: options.level }, terminal.outStyle));
  return 0;
}

interface Source {
  readonly name: string;
  readonly records: readonly LogRecord[];
  readonly total: number;
}

async function fromPath(path: string): Promise<Source> {
  const runs = await Promise.all((await findInputs(path)).map(async (input) => readRun(input)));
  const records = runs.flatMap((run) => run.records);
  return { name: path, records, total: records.length };
}

/** As many records as one answer holds; the output says when there are more. */
const mostRecords = 10_000;

async function fromServer(id: string, directory: string, env: Invocation["env"]): Promise<Source> {
  const { connection, run } = await openStoredRun(id, directory, env);
  try {
    const path = `${runPath(getRecords.path, run.id)}?limit=${mostRecords}&order=descending`;
    const { records, total } = await connection.ask(getRecords.response, { method: "GET", path });
    return { name: run.name, records: records.toReversed(), total };
  } finally {
    connection.close();
  }
}

const roleOrder = ["root", null, "cascade", "advice", "noise"] as const;

function grouped(records: readonly LogRecord[]): Group[] {
  const groups = new Map<string, LogRecord[]>();
  for (const record of records) {
    const key = record.group === "" ? `${record.level} ${record.message}` : record.group;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [record]);
    else known.push(record);
  }
  return [...groups]
    .map(([key, members]) => summary(key, members))
    .sort(
      (a, b) =>
        roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role) ||
        Level.options.indexOf(b.level) - Level.options.indexOf(a.level) ||
        (a.firstTime ?? a.firstStep ?? 0) - (b.firstTime ?? b.firstStep ?? 0),
    );
}

function summary(group: string, members: readonly LogRecord[]): Group {
  const steps = members.flatMap(({ step }) => step ?? []);
  const times = members.flatMap(({ time }) => time ?? []);
  const [first] = members;
  return {
    group,
    role: roleOrder.find((role) => members.some((member) => member.role === role)) ?? null,
    level: Level.options.findLast((level) => members.some((member) => member.level === level)) ?? "info",
    count: members.length,
    message: first?.message ?? "",
    exception: members.find((member) => member.exception !== null)?.exception ?? null,
    firstStep: steps.length === 0 ? null : steps.reduce((a, b) => Math.min(a, b)),
    lastStep: steps.length === 0 ? null : steps.reduce((a, b) => Math.max(a, b)),
    firstTime: times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b)),
    ranks: [...new Set(members.flatMap(({ rank }) => rank ?? []))].sort((a, b) => a - b),
  };
}

/** Lines of a traceback's end that are shown: the innermost frame and the error. */
const tracebackLines = 6;

function text(
  groups: readonly Group[],
  about: { name: string; total: number; read: number; level: Level },
  style: Style,
): string {
  const { bold, dim, red, yellow } = style.colours;
  const lines = [
    `${bold(plain(about.name))}: ${about.total} records, ${groups.length} kinds at ${about.level} or above`,
  ];
  if (about.read < about.total)
    lines.push(dim(`The last ${about.read} records are grouped here; the web page has all.`));
  for (const group of groups) {
    const mark = `${group.count}x ${group.level}${group.role === null ? "" : ` (${group.role})`}`;
    const coloured =
      group.level === "error" || group.level === "critical"
        ? red(mark)
        : group.level === "warning"
          ? yellow(mark)
          : mark;
    const at = place(group);
    lines.push("", at === "" ? coloured : `${coloured}  ${dim(at)}`, `  ${clipped(group.message, style)}`);
    if (group.exception !== null) {
      const end = group.exception.trimEnd().split("\n").slice(-tracebackLines);
      for (const line of end) lines.push(dim(`  | ${clipped(line, style)}`));
    }
  }
  return `${lines.join("\n")}\n`;
}

function clipped(line: string, style: Style): string {
  const safe = plain(line);
  return safe.length > 2 * style.width ? `${safe.slice(0, 2 * style.width)} ...` : safe;
}

function place({ firstStep, lastStep, ranks }: Group): string {
  const parts = [
    firstStep === null ? "" : firstStep === lastStep ? `step ${firstStep}` : `steps ${firstStep} to ${lastStep}`,
    ranks.length === 0 ? "" : `rank ${ranks.join(", ")}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}
