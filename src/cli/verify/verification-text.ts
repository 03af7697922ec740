import { numberText } from "../../analysis/index.ts";
import type { Comparison, Verification } from "../../model/verification.ts";
import type { Style } from "../terminal/style.ts";
import { labelled, plain } from "../terminal/text.ts";

const shapes = {
  helped: { unicode: "✔", ascii: "+" },
  "did-not-help": { unicode: "✖", ascii: "x" },
  "not-shown": { unicode: "○", ascii: "o" },
} as const;

/** A verification for people: the verdict, the numbers behind it, what was applied, what else differs, what to run. */
export function verificationText(verification: Verification, style: Style): string {
  const { verdict, statement, reasons } = verification;
  const { bold, green, red, dim } = style.colours;
  const shape = style.unicode ? shapes[verdict].unicode : shapes[verdict].ascii;
  const coloured = verdict === "helped" ? green : verdict === "did-not-help" ? red : (text: string) => text;
  const blocks = [labelled(`${shape} `, statement, style.width).map((line) => bold(coloured(line)))];
  blocks.push(runTable(verification, style));
  const applied = appliedLines(verification, style);
  if (applied.length > 0) blocks.push(applied);
  blocks.push(reasons.flatMap((reason) => labelled("  ", reason, style.width)));
  const guards = verification.guards.filter(({ state }) => state !== "no-difference");
  if (guards.length > 0) blocks.push(guards.flatMap((guard) => guardLines(guard, style)));
  if (verification.next.length > 0)
    blocks.push([
      "To know, run:",
      ...differences(verification).flatMap((line) => labelled("  ", line, style.width)),
      ...verification.next.map(({ side, seed, command }) =>
        command === null
          ? `  the run ${side} the change again with seed ${seed}`
          : `  ${plain(command)}${dim(`   # ${side} the change, seed ${seed}`)}`,
      ),
    ]);
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** Where no command tells both sides apart, what does. */
function differences({ next, applied, otherChanges }: Verification): string[] {
  if (next.every(({ command }) => command !== null)) return [];
  const changes = new Map<string, string>();
  for (const { key, was, now } of applied.flatMap((one) => one.changes))
    if (was !== now) changes.set(key, `${key} ${String(was)} before, ${String(now)} after`);
  for (const { key, from, to } of otherChanges) changes.set(key, `${key} ${String(from)} before, ${String(to)} after`);
  const [...texts] = changes.values();
  if (texts.length === 0) return [];
  return [
    `The recorded commands do not tell both sides apart. The settings that differ: ${plain(texts.slice(0, mostDifferences).join("; "))}${texts.length > mostDifferences ? ` and ${texts.length - mostDifferences} more` : ""}.`,
  ];
}
const mostDifferences = 8;

/** One line a seed where runs are paired, else one a run. */
function runTable({ comparison, before, after }: Verification, style: Style): string[] {
  if (comparison === null) return [];
  const { dim } = style.colours;
  const cell = (value: Verification["before"][number]["value"], note: string | null): string =>
    value === null ? "-" : `${numberText(value)}${note === null ? "" : "*"}`;
  const rows = [["seed", "before", "after", ""]];
  const left = new Set(after);
  for (const run of before) {
    const other = [...left].find(({ seed }) => seed !== null && String(seed) === String(run.seed));
    if (other !== undefined) left.delete(other);
    rows.push([
      String(run.seed ?? "-"),
      cell(run.value, run.note),
      other === undefined ? "" : cell(other.value, other.note),
      other === undefined ? run.name : `${run.name} ${style.unicode ? "→" : "->"} ${other.name}`,
    ]);
  }
  for (const run of left) rows.push([String(run.seed ?? "-"), "", cell(run.value, run.note), run.name]);
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? "").length));
  return rows.map((row, i) => {
    const numbers = row
      .slice(0, 3)
      .map((text, column) => text.padStart(width(column)))
      .join("  ");
    const line = `  ${numbers}  ${plain(row[3] ?? "")}`.trimEnd();
    return i === 0 ? dim(line) : line;
  });
}

function appliedLines({ applied }: Verification, style: Style): string[] {
  const { green, dim } = style.colours;
  return applied.flatMap(({ advice, rule, state, changes }) => {
    if (state !== "applied" && state !== "partly") return [];
    const word = state === "applied" ? "applied" : "applied in part";
    return [
      `  ${word}  ${plain(advice)} ${dim(`of ${rule}`)}`,
      ...changes.map(({ key, was, now, to, state: each }) => {
        const arrow = style.unicode ? "→" : "->";
        const aside = each === "applied" ? "" : dim(`   advised: ${String(to)}`);
        const line = `    ${plain(key)}: ${plain(String(was))} ${arrow} ${plain(String(now))}`;
        return `${each === "applied" ? green(line) : line}${aside}`;
      }),
    ];
  });
}

function guardLines({ metric, state, before, after, low, high }: Comparison, { colours }: Style): string[] {
  const interval = low === null || high === null ? "" : ` [${numberText(low)}, ${numberText(high)}]`;
  const line = `  ${state}  ${plain(metric)}: ${numberText(before.mean)} before, ${numberText(after.mean)} after, difference${interval}`;
  return [state === "worse" ? colours.red(line) : colours.dim(line)];
}
