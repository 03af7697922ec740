import type { Advice, AdviceOutcome, Cause, Evidence, Finding, Severity } from "../../model/finding.ts";
import { listedCauses, patchesOf } from "../../analysis/index.ts";
import { sparkline, type Curve } from "./sparkline.ts";
import type { Style } from "./style.ts";
import { labelled, numberText, plain } from "./text.ts";

/** Severity is a shape and a word before it is a colour. */
const shapes = {
  error: { unicode: "✖", ascii: "x" },
  warning: { unicode: "▲", ascii: "!" },
  info: { unicode: "●", ascii: "i" },
} as const;

export function severityText(severity: Severity, style: Style): string {
  const text = `${style.unicode ? shapes[severity].unicode : shapes[severity].ascii} ${severity}`;
  const { red, yellow, blue, bold } = style.colours;
  return bold(severity === "error" ? red(text) : severity === "warning" ? yellow(text) : blue(text));
}

const shownRelated = 4;

interface FindingView {
  readonly curve?: Curve | undefined;
  readonly link?: string | undefined;
  /** All evidence, all causes with what speaks for and against, the expected effect. Otherwise the short block. */
  readonly full?: boolean;
}

/** A finding as a block of lines: what, since when, how it looks, why, and what to change. */
export function findingBlock(finding: Finding, style: Style, view: FindingView): string {
  const { dim } = style.colours;
  const width = style.width - 2;
  const lines = [
    ...heading(finding, style),
    ...labelled("", finding.message, width),
    ...(view.curve === undefined ? [] : curveLines(view.curve, finding, style)),
    ...alsoLines(finding, width),
  ];
  if (view.full === true) {
    for (const evidence of finding.evidence) lines.push(...labelled("seen    ", evidenceText(evidence), width));
  }
  const { shown, further } = listedCauses(finding.causes);
  for (const cause of view.full === true ? shown : shown.slice(0, 1))
    lines.push(...causeLines(cause, style, view.full === true));
  if (view.full === true && further.length > 0)
    lines.push(
      ...labelled("        ", `${further.length} less likely (--json lists them)`, width).map((line) => dim(line)),
    );
  for (const advice of view.full === true ? finding.advice : finding.advice.slice(0, 1)) {
    lines.push(...labelled("change  ", advice.summary, width));
    if (advice.outcome !== undefined) lines.push(...outcomeLines(advice.outcome, style));
    for (const { key, from, to } of advice.changes) lines.push(...diffLines(key, from, to, style));
    if (view.full === true) {
      lines.push(...pasteLines(advice, style));
      lines.push(...labelled("expect  ", advice.expect, width));
      lines.push(...labelled("source  ", advice.source, width).map((line) => dim(line)));
    }
  }
  if (view.link !== undefined) lines.push(dim(`more    ${view.link}`));
  return lines.map((line, i) => (i === 0 ? line : `  ${line}`)).join("\n");
}

/** Severity and title, with rule and place beside them where they fit, else below. */
function heading(finding: Finding, style: Style): string[] {
  const { bold, dim } = style.colours;
  const title = plain(finding.title);
  const start = `${severityText(finding.severity, style)}  ${bold(title)}`;
  const rest = `${finding.rule}${place(finding)}`;
  // The mark and a space before the word of the severity, then two spaces twice.
  const taken = 2 + finding.severity.length + 2 + title.length + 2;
  if (taken + rest.length <= style.width) return [`${start}  ${dim(rest)}`];
  return [start, ...labelled("", rest, style.width - 2).map((line) => dim(line))];
}

/** "also    Gradient explosion at step 110, Loss spike at step 118": the rest of the story, by name. */
function alsoLines({ related = [] }: Finding, width: number): string[] {
  if (related.length === 0) return [];
  const names = related.map(({ title, onset: { step, layer } }) =>
    [title, layer === undefined ? "" : `in ${layer}`, step === null ? "" : `at step ${step}`]
      .filter((part) => part !== "")
      .join(" "),
  );
  const shown = names.slice(0, shownRelated).join(", ");
  const more = names.length > shownRelated ? ` and ${names.length - shownRelated} more` : "";
  return labelled("also    ", `${shown}${more}`, width);
}

/**
 * "loss at step 120 = NaN: first loss that is not finite". Without a series the note names the setting
 * ("vocab_size = 596") or says what the number counts ("step 85: 181 seconds of silence").
 */
function evidenceText({ series, step, value, note }: Evidence): string {
  const number = value === null ? "" : numberText(value);
  const at = step === null ? "" : `step ${step}`;
  if (series === null) {
    const fact = number === "" ? note : /^[\w.]+$/.test(note) ? `${note} = ${number}` : `${number} ${note}`;
    return at === "" ? fact : `${at}: ${fact}`;
  }
  return `${series}${at === "" ? "" : ` at ${at}`}${number === "" ? "" : ` = ${number}`}: ${note}`;
}

function place(finding: Finding): string {
  const { step, layer, rank } = finding.onset;
  const parts = [
    step === null ? "" : finding.end === null ? `since step ${step}` : `steps ${step} to ${finding.end.step}`,
    finding.recovered === true ? "recovered" : "",
    layer === undefined ? "" : `layer ${plain(layer)}`,
    rank === undefined ? "" : `rank ${rank}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : `, ${parts.join(", ")}`;
}

function curveLines(curve: Curve, finding: Finding, style: Style): string[] {
  const label = plain(curve.label);
  const first = numberText(curve.value[0] ?? Number.NaN);
  const last = numberText(curve.value[curve.value.length - 1] ?? Number.NaN);
  const ends = `${first} ${style.unicode ? "→" : "->"} ${last}`;
  const room = Math.max(16, Math.min(60, style.width - label.length - ends.length - 8));
  const { bars, mark } = sparkline(curve, room, { unicode: style.unicode, mark: finding.onset.step });
  const start = label.length + 2;
  const lines = [`${label}  ${style.colours.cyan(bars)}  ${ends}`];
  if (mark !== undefined)
    lines.push(style.colours.dim(`${" ".repeat(start + mark)}${style.unicode ? "▲" : "^"} step ${finding.onset.step}`));
  return lines;
}

function causeLines(cause: Cause, style: Style, full: boolean): string[] {
  const { dim, green, red } = style.colours;
  const width = style.width - 2;
  const lines = labelled("cause   ", `${cause.statement} (${Math.round(cause.likelihood * 100)}%)`, width);
  if (!full) return lines;
  for (const reason of cause.for)
    lines.push(...labelled("        for: ", reason, width).map((line) => line.replace("for:", green("for:"))));
  for (const reason of cause.against)
    lines.push(
      ...labelled("        against: ", reason, width).map((line) => line.replace("against:", red("against:"))),
    );
  return lines.map((line, i) => (i === 0 ? line : dim(line)));
}

const outcomeWords = { helped: "helped", "did-not-help": "did not help", "not-shown": "not shown" };

/** What came of the advice; green is for a verified fix alone. */
function outcomeLines({ state, run, statement, verified }: AdviceOutcome, style: Style): string[] {
  const result = state === "applied" ? "" : `${outcomeWords[state]}, `;
  const text = `applied in ${run}: ${result}${statement}`;
  const lines = labelled("tried   ", text, style.width - 2);
  return verified ? lines.map((line) => style.colours.green(line)) : lines;
}

/** The advice in the user's own language, unless the diff above is that already. */
function pasteLines(advice: Advice, style: Style): string[] {
  return patchesOf(advice)
    .filter(({ language }) => language !== "yaml")
    .filter(({ isRest }, i) => i === 0 || isRest === true)
    .flatMap(({ label, text }) => {
      const lines = text.split("\n").map((line) => plain(line).trimEnd());
      const { cyan, dim } = style.colours;
      return lines.length === 1
        ? [`paste   ${cyan(lines.join(""))}`]
        : [`paste   ${dim(`${label}:`)}`, ...lines.map((line) => cyan(`        ${line}`))];
    });
}

/** A setting's change as a diff that can be pasted into a YAML file. */
export function diffLines(key: string, from: unknown, to: unknown, style: Style): string[] {
  const { red, green } = style.colours;
  // Words in place of a value are to be filled in.
  const isWords = (value: unknown): value is string => typeof value === "string" && /^the [a-z]+ /.test(value);
  const spelled = (value: unknown): string =>
    String(isWords(value) ? `<${plain(value)}>` : typeof value === "string" ? plain(value) : value);
  return [
    ...(from === null ? [] : [red(`      - ${plain(key)}: ${spelled(from)}`)]),
    to === null ? green(`      + (remove ${plain(key)})`) : green(`      + ${plain(key)}: ${spelled(to)}`),
  ];
}
