import { json, yaml } from "../../analysis/patches/files.ts";
import { pythonText } from "../../analysis/patches/scalar-text.ts";
import type { Advice } from "../../model/finding.ts";
import type { LintFinding, LintReport, LintWhere } from "../../model/lint.ts";
import { diffLines, severityText } from "./finding-block.ts";
import { severities } from "./report-text.ts";
import type { Style } from "./style.ts";
import { count, labelled, plain } from "./text.ts";

const roles: Readonly<Record<LintReport["files"][number]["role"], string>> = {
  configuration: "configuration",
  script: "training script",
  deepspeed: "configuration",
  "dataset list": "list of data sets",
  tokenizer: "tokenizer",
  train: "training data",
  eval: "evaluation data",
  "not read": "not read",
};

/** More checks that need the same thing are only counted. */
const mostNamed = 4;

/** A lint for people: verdict, what each file was taken for, findings, what was clean, what could not be checked. */
export function lintText(report: LintReport, style: Style): string {
  const blocks = [[verdict(report, style), ...report.files.flatMap((file) => fileLines(file, style))].join("\n")];
  for (const finding of report.findings) blocks.push(block(finding, style));
  const rest = remainder(report, style);
  if (rest.length > 0) blocks.push(rest.join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

function verdict({ findings, clean }: LintReport, style: Style): string {
  const { bold } = style.colours;
  const worst = severities.find((severity) => findings.some((finding) => finding.severity === severity));
  if (worst === undefined)
    return `${style.unicode ? "○" : "o"} ${bold("lint")}: nothing wrong in ${count(clean.length, "check")}`;
  const numbers = severities
    .map((severity) => findings.filter((finding) => finding.severity === severity).length)
    .flatMap((n, i) => (n === 0 ? [] : [severities[i] === "info" ? `${n} info` : count(n, severities[i] ?? "")]));
  return `${severityText(worst, style)}  ${bold("lint")}: ${numbers.join(", ")}`;
}

function fileLines({ path, role, kind, rows, from, note }: LintReport["files"][number], style: Style): string[] {
  const parts = [
    roles[role],
    kind === null ? "" : kind === "unknown" ? "shape not known" : kind,
    rows === null ? "" : count(rows, "row"),
    from === null ? "" : `named by ${plain(from)}`,
    note ?? "",
  ].filter((part) => part !== "");
  return labelled("  read    ", `${plain(path)}: ${parts.join(", ")}`, style.width).map((line) =>
    style.colours.dim(line),
  );
}

function block(finding: LintFinding, style: Style): string {
  const { bold, dim } = style.colours;
  const width = style.width - 2;
  const lines = [
    `${severityText(finding.severity, style)}  ${bold(plain(finding.title))}  ${dim(finding.check)}`,
    ...labelled("where   ", placeText(finding.where), width),
    ...labelled(
      "        ",
      finding.also.length === 0
        ? ""
        : `also ${finding.also.map((place) => shortPlace(place, finding.where)).join(", ")}`,
      width,
    ).filter((line) => line.trim() !== ""),
    ...labelled("", finding.message, width),
  ];
  for (const { summary, changes, expect, source } of finding.advice) {
    lines.push(...labelled("change  ", summary, width));
    for (const { key, from, to } of changes) lines.push(...diffLines(key, from, to, style));
    lines.push(...pasteLines(finding.where.file, changes, style));
    lines.push(...labelled("expect  ", expect, width));
    if (source !== finding.source) lines.push(...labelled("source  ", source, width).map((line) => dim(line)));
  }
  lines.push(...labelled("source  ", finding.source, width).map((line) => dim(line)));
  return lines.map((line, i) => (i === 0 ? line : `  ${line}`)).join("\n");
}

/** The change as it stands in a file of that kind, unless the diff is that already. */
function pasteLines(file: string, changes: Advice["changes"], style: Style): string[] {
  const kept = changes.filter(({ to }) => to !== null);
  if (kept.length === 0) return [];
  const isNested = kept.some(({ key }) => key.includes("."));
  const text = /\.json$/i.test(file)
    ? json(kept)
    : /\.py$/i.test(file)
      ? kept.map(({ key, to }) => `${key}=${pythonText(to)},`).join("\n")
      : isNested
        ? yaml(kept)
        : "";
  const lines = text.split("\n").map((line) => plain(line).trimEnd());
  return text === "" ? [] : lines.map((line, i) => `${i === 0 ? "paste   " : "        "}${style.colours.cyan(line)}`);
}

/** "train.jsonl:12 (row 12)", "sft.yaml:7 learning_rate". */
function placeText({ file, line, row, key }: LintWhere): string {
  const at = line === undefined ? plain(file) : `${plain(file)}:${line}`;
  return [at, row === undefined || row === line ? "" : `(row ${row})`, key === undefined ? "" : plain(key)]
    .filter((part) => part !== "")
    .join(" ");
}

const shortPlace = (place: LintWhere, first: LintWhere): string =>
  place.file === first.file && place.line !== undefined ? `line ${place.line}` : placeText(place);

function remainder({ clean, notApplicable }: LintReport, style: Style): string[] {
  const { dim } = style.colours;
  const lines = clean.length === 0 ? [] : labelled("Clean        ", clean.join(", "), style.width);
  const absent = new Map<string, string[]>();
  for (const { check, missing } of notApplicable) {
    const what = missing.join(", ");
    absent.set(what, [...(absent.get(what) ?? []), check]);
  }
  let first = true;
  for (const [missing, ids] of absent) {
    // Without a configuration that is half of all checks; docs/lint.md and --json name them.
    const which = ids.length > mostNamed ? count(ids.length, "check") : ids.join(", ");
    lines.push(...labelled(first ? "Not checked  " : "             ", `${which} (needs ${missing})`, style.width));
    first = false;
  }
  return lines.map((line) => line.replace(/^(Clean|Not checked)/, (word) => dim(word)));
}
