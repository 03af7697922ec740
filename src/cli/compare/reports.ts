/** What a merge is gated by: the comparison as Markdown for the pull request, and as JUnit for the build. */
import type { ExampleComparison, MetricComparison } from "../../model/comparison.ts";
import { numberText, plain, signedText } from "../terminal/text.ts";

const intervalOf = ({ low, high }: MetricComparison): string =>
  low === null || high === null ? "–" : `[${signedText(low)}, ${signedText(high)}]`;

/** Names come from files: nothing in them is markup. */
const cell = (text: string): string =>
  plain(text)
    .replaceAll(/[\\`*_{}[\]()#+!|<>~&]/g, (sign) => `\\${sign}`)
    .replaceAll(/\s+/g, " ");

export function comparisonMarkdown(comparison: ExampleComparison): string {
  const { a, b, metrics, statement, changed, notes } = comparison;
  const rows = metrics.map(
    (one) =>
      `| ${cell(one.name)} | ${numberText(one.a)} | ${numberText(one.b)} | ${signedText(one.difference)} | ${intervalOf(one)} | ${
        one.corrected === null ? "–" : numberText(one.corrected)
      } | ${one.verdict.replaceAll("-", " ")} |`,
  );
  return [
    `### ${cell(b.name)} against ${cell(a.name)}`,
    "",
    cell(statement),
    "",
    "| metric | A | B | difference | 95 % interval | p | verdict |",
    "|---|---|---|---|---|---|---|",
    ...rows,
    "",
    `${changed.fixed} examples became better, ${changed.broken} worse.`,
    ...notes.map((note) => `> ${cell(note)}`),
    "",
  ].join("\n");
}

const xml = (text: string): string =>
  text
    // Control characters, which XML 1.0 does not allow, but for tab and ends of lines.
    .replaceAll(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

/** A test case for each metric; a significant regression of the one that decides is a failure, one without a test is skipped. */
export function comparisonJunit({ a, b, metrics, decidedBy }: ExampleComparison): string {
  const failures = metrics.filter(({ name, verdict }) => name === decidedBy && verdict === "worse").length;
  const skipped = metrics.filter(({ p }) => p === null).length;
  const cases = metrics.map((one) => {
    const figures = `${numberText(one.a)} -> ${numberText(one.b)}, ${signedText(one.difference)} ${intervalOf(one)}`;
    const open = `    <testcase classname="llmdbg.compare" name="${xml(one.name)}"`;
    if (one.p === null)
      return `${open}><skipped message="${xml(`${figures}: too few examples for a test`)}"/></testcase>`;
    if (one.verdict !== "worse" || one.name !== decidedBy) return `${open}/>`;
    return `${open}><failure message="${xml(`${one.name} is worse: ${figures}, p ${numberText(one.corrected)}`)}"/></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="${xml(`${b.name} against ${a.name}`)}" tests="${metrics.length}" failures="${failures}" skipped="${skipped}">`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
