import { ruleText } from "../../analysis/index.ts";
import type { Evaluation, Slice } from "../../model/evaluation.ts";
import type { Example } from "../../model/example.ts";
import { fromWire } from "../../model/number.ts";
import type { Style } from "./style.ts";
import { count, labelled, numberText, plain } from "./text.ts";

/** More would push the advice off the screen; --json and the page have all. */
const shownSlices = 3;
const shownExamples = 3;
const shownGroups = 6;

/** Where and how the model fails: slices with examples, kinds of wrong output, else the worst examples. */
export function failureBlocks(evaluation: Evaluation, examples: readonly Example[], style: Style): string[] {
  const byId = new Map(examples.map((example) => [example.id, example]));
  const blocks = [...sliceBlocks(evaluation, byId, style), ...groupBlock(evaluation, byId, style)];
  const worst = evaluation.errors.worst ?? [];
  if (evaluation.slices.length > 0 || worst.length === 0) return blocks;
  const lines = worst.slice(0, shownExamples).flatMap((id) => exampleLines(byId.get(id), style));
  return [...blocks, [style.colours.bold("Worst examples"), ...lines].join("\n")];
}

function sliceBlocks(evaluation: Evaluation, byId: ReadonlyMap<string, Example>, style: Style): string[] {
  const { bold, dim } = style.colours;
  const { slices, search, errors } = evaluation;
  if (search === null) return [];
  const looked = `${search.candidates.toLocaleString("en-US")} ${search.candidates === 1 ? "kind" : "kinds"} of example from ${count(search.attributes, "attribute")} ${search.candidates === 1 ? "was" : "were"} tried`;
  if (slices.length === 0) {
    const seen = search.visibleDifference;
    const limit =
      seen === null
        ? ""
        : ` With so many examples only a kind that is worse by ${numberText(seen)} or more would show.`;
    const note = `No kind of example is shown to fail more than the others (${looked}).${limit}`;
    return [labelled("", note, style.width).join("\n")];
  }
  const heading = [
    `${bold("Where it fails")}  ${dim(`mean error (${errors.measuredBy}) there and elsewhere, 95 % interval of the difference`)}`,
  ];
  const blocks = slices.slice(0, shownSlices).map((slice, i) => sliceLines(slice, i + 1, byId, style).join("\n"));
  const more = slices.length > shownSlices ? `, ${slices.length - shownSlices} more in --json` : "";
  const note = `Found on one half of the examples and confirmed on the other; ${looked}${more}.`;
  return [[...heading, ...blocks, ...labelled("  ", note, style.width).map((line) => dim(line))].join("\n")];
}

function sliceLines(slice: Slice, place: number, byId: ReadonlyMap<string, Example>, style: Style): string[] {
  const { bold } = style.colours;
  const value = (wire: Slice["error"]): string => numberText(fromWire(wire));
  return [
    ...labelled(`  ${place}. `, ruleText(slice), style.width).map((line) => bold(line)),
    ...labelled(
      "     ",
      `${count(slice.n, "example")}: error ${value(slice.error)}, elsewhere ${value(slice.baseline)} ` +
        `(+${value(slice.difference)} [${value(slice.low)}, ${value(slice.high)}]); ${Math.round(100 * slice.coverage)} % of all error`,
      style.width,
    ),
    ...slice.examples.slice(0, shownExamples).flatMap((id) => exampleLines(byId.get(id), style)),
  ];
}

/** Two lines beside each other, so that the difference is seen without a diff. */
function exampleLines(example: Example | undefined, style: Style): string[] {
  if (example === undefined) return [];
  const { dim, red, green } = style.colours;
  const { input, prediction, references, line, id } = example;
  const got = prediction === null ? "(nothing)" : typeof prediction === "string" ? prediction : prediction.join(", ");
  return [
    dim(oneLine(`       ${line === 0 ? id : `line ${line}`}  `, input ?? "", style.width)),
    `${dim("         got     ")}${red(oneLine("", got === "" ? "(empty)" : got, style.width - 17))}`,
    ...(references[0] === undefined
      ? []
      : [`${dim("         wanted  ")}${green(oneLine("", references[0], style.width - 17))}`]),
  ];
}

function oneLine(start: string, text: string, width: number): string {
  const line = `${start}${plain(text)}`;
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

function groupBlock({ errors, n, task }: Evaluation, byId: ReadonlyMap<string, Example>, style: Style): string[] {
  if (errors.groups.length === 0) return [];
  const heading = task === "classification" ? "Most confused (right, then predicted)" : "Kinds of wrong output";
  const lines = errors.groups.slice(0, shownGroups).map(({ title, count: rows, examples: ids }) => {
    const first = byId.get(ids[0] ?? "");
    const where = first === undefined ? "" : `, first ${first.line === 0 ? first.id : `on line ${first.line}`}`;
    return oneLine("  ", `${title}: ${rows} of ${n.toLocaleString("en-US")}${where}`, style.width);
  });
  return [[style.colours.bold(heading), ...lines].join("\n")];
}
