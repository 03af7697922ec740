import type { ExampleComparison, MetricComparison } from "../../model/comparison.ts";
import type { Style } from "./style.ts";
import { count, labelled, numberText, plain, signedText } from "./text.ts";

/** A comparison for people: the verdict, each metric with its interval and corrected p, what changed, what it would take. */
export function comparisonText(comparison: ExampleComparison, style: Style): string {
  const { a, b, common, onlyA, onlyB, metrics, changed, power, notes, verdict, statement } = comparison;
  const { bold, dim, red, green, yellow } = style.colours;
  const colour = { better: green, worse: red, "no-difference-shown": bold }[verdict];
  const blocks = [labelled("", plain(statement), style.width).map((line) => colour(line))];
  if (notes.length > 0)
    blocks.push(notes.flatMap((note) => labelled("", plain(note), style.width)).map((line) => yellow(line)));
  blocks.push(metricRows(metrics, comparison.decidedBy, style));
  const seen = [`  ${count(changed.fixed, "example")} better in B, ${changed.broken} worse.`];
  if (changed.brokenExamples.length > 0)
    seen.push(dim(`  worse first: ${changed.brokenExamples.slice(0, 5).map(plain).join(", ")}`));
  blocks.push(seen);
  if (onlyA + onlyB > 0)
    blocks.push([
      yellow(
        `  Compared on the ${count(common, "example")} that both have; ${onlyA} are only in ${plain(a.name)}, ${onlyB} only in ${plain(b.name)}.`,
      ),
    ]);
  if (power !== null)
    blocks.push(
      labelled(
        "  ",
        `With ${count(power.examples, "independent example")} a difference of ${numberText(power.visible)} per example in ${power.metric} shows (power 80 %). Needed ` +
          power.needed
            .map(({ difference, examples }) => `for ${numberText(difference)}: ${examples.toLocaleString("en-US")}`)
            .join("; ") +
          ".",
        style.width,
      ).map((line) => dim(line)),
    );
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function metricRows(metrics: readonly MetricComparison[], decidedBy: string | null, style: Style): string[] {
  const { bold, dim, red, green } = style.colours;
  const cells = metrics.map((one) => [
    one.name,
    numberText(one.a),
    numberText(one.b),
    signedText(one.difference),
    one.low === null || one.high === null ? "" : `[${signedText(one.low)}, ${signedText(one.high)}]`,
    one.corrected === null ? "" : numberText(one.corrected),
  ]);
  const header = ["metric", "A", "B", "B - A", "95 %", "p corrected"];
  const widths = header.map((word, i) => Math.max(word.length, ...cells.map((row) => (row[i] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join("  ");
  return [
    dim(`  ${line(header)}`),
    ...metrics.map((one, i) => {
      const text = line(cells[i] ?? []);
      const word =
        one.verdict === "better"
          ? green("better")
          : one.verdict === "worse"
            ? red("worse")
            : dim("no difference shown");
      return `  ${one.name === decidedBy ? bold(text) : text}  ${word}`;
    }),
  ];
}
