import type { Finding } from "../../model/finding.ts";
import type { Report } from "../../model/report.ts";
import { findingBlock, severityText } from "./finding-block.ts";
import type { Curve } from "./sparkline.ts";
import type { Style } from "./style.ts";
import { count, labelled, plain } from "./text.ts";

export const severities = ["error", "warning", "info"] as const;

export type CurveOf = (finding: Finding) => Curve | undefined;

/** A whole diagnosis for people: verdict, findings, what is normal, what was clean, what could not be checked. */
export function reportText(report: Report, style: Style, curveOf: CurveOf, link?: string): string {
  const { dim } = style.colours;
  const blocks = [verdictLine(report, style)];
  for (const finding of bySeverity(report.findings))
    blocks.push(findingBlock(finding, style, { curve: curveOf(finding), full: true }));
  const rest = remainder(report, style);
  if (rest.length > 0) blocks.push(rest.join("\n"));
  if (link !== undefined) blocks.push(dim(`Look closer: ${link}`));
  return `${blocks.join("\n\n")}\n`;
}

/** "✖ error  my-run: 1 error, 2 warnings  (hf, steps 1 to 2000)"; says "nothing found" only of what was checked. */
export function verdictLine(report: Report, style: Style): string {
  const { run, findings, clean } = report;
  const { bold, dim } = style.colours;
  const worst = severities.find((severity) => findings.some((finding) => finding.severity === severity));
  const about = [
    run.dialect === null ? "" : plain(run.dialect),
    run.firstStep === null || run.lastStep === null ? "" : `steps ${run.firstStep} to ${run.lastStep}`,
    count(run.series.length, "metric"),
  ].filter((part) => part !== "");
  const name = bold(plain(run.name));
  /** On the same line where there is room, else below. */
  const withAbout = (verdict: string): string => {
    const text = about.join(", ");
    const fits = plain(verdict).length + 2 + text.length <= style.width;
    return `${verdict}${fits ? "  " : "\n  "}${dim(text)}`;
  };
  if (worst === undefined) {
    const checked =
      clean.length === 0 ? "nothing could be checked" : `nothing wrong in ${count(clean.length, "check")}`;
    return withAbout(`${style.unicode ? "○" : "o"} ${name}: ${checked}`);
  }
  const numbers = severities
    .map((severity) => findings.filter((finding) => finding.severity === severity).length)
    .flatMap((n, i) => (n === 0 ? [] : [severities[i] === "info" ? `${n} info` : count(n, severities[i] ?? "")]));
  return withAbout(`${severityText(worst, style)}  ${name}: ${numbers.join(", ")}`);
}

/** Each finding in a line: what, since when, and the first change that is short enough to stand there. */
export function findingLines(report: Report, style: Style): string[] {
  const { bold } = style.colours;
  return bySeverity(report.findings).map((finding) => {
    const since = finding.onset.step === null ? "" : ` since step ${finding.onset.step}`;
    const advice = shortAdvice(finding, style);
    return `${severityText(finding.severity, style)}  ${plain(finding.title)}${since}${advice === "" ? "" : `  ${bold(plain(advice))}`}`;
  });
}

function shortAdvice(finding: Finding, style: Style): string {
  const arrow = style.unicode ? "→" : "->";
  for (const { key, from, to } of finding.advice[0]?.changes ?? []) {
    const text = `${key}: ${from === null ? "" : `${String(from)} ${arrow} `}${String(to)}`;
    if (text.length <= 40) return text;
  }
  return "";
}

export const bySeverity = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) || (a.onset.step ?? 0) - (b.onset.step ?? 0),
  );

/** "Loss spike since step 120", of a finding that was shown and no longer holds. */
export const sayResolved = ({ title, onset }: Finding): string =>
  `${title}${onset.step === null ? "" : ` since step ${onset.step}`}`;

/** Everything after the findings. */
export function remainder(report: Report, style: Style): string[] {
  const { dim, red } = style.colours;
  const width = style.width;
  const lines: string[] = [];
  for (const { finding, reason } of report.resolved ?? [])
    lines.push(...labelled("No longer    ", `${sayResolved(finding)}: ${reason}`, width));
  for (const { sign, why } of report.explained)
    lines.push(...labelled("Normal here  ", `${sign.replace(/\.$/, "")}: ${why}`, width));
  for (const { text } of report.standing ?? []) lines.push(...labelled("Compared     ", text, width));
  if (report.clean.length > 0) lines.push(...labelled("Clean        ", report.clean.join(", "), width));
  const absent = new Map<string, string[]>();
  for (const { rule, missing } of report.notApplicable) {
    const what = missing.join(", ");
    absent.set(what, [...(absent.get(what) ?? []), rule]);
  }
  let first = true;
  for (const [missing, rules] of absent) {
    lines.push(...labelled(first ? "Not checked  " : "             ", `${rules.join(", ")} (needs ${missing})`, width));
    first = false;
  }
  for (const { rule, error } of report.failed)
    lines.push(...labelled("Failed       ", `${rule}: ${error}`, width).map((line) => red(line)));
  return lines.map((line) => line.replace(/^(No longer|Normal here|Clean|Not checked)/, (word) => dim(word)));
}
