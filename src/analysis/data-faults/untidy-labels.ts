import type { Example } from "../../model/example.ts";
import { answerOf, counted, defineDataCheck, shareText, shown } from "../data-check.ts";

export const untidyLabels = defineDataCheck({
  id: "untidy-labels",
  look(examples, { task }) {
    if (task !== "classification" && task !== "multilabel") return null;
    const untidy = examples.filter(
      (example) => example.references.length > 0 && !isRight(example, (text) => text) && isRight(example, tidy),
    );
    if (untidy.length === 0) return null;
    return {
      severity: "error",
      title: `${counted(untidy.length, "prediction")} wrong by spelling alone`,
      message: `${shareText(untidy.length, examples.length)} of the predictions differ from the right label only by case, by blanks at the ends, a final full stop, or as 1 and 1.0 do. They count as wrong, as in any exact comparison.`,
      count: untidy.length,
      examples: shown(
        untidy,
        (example) =>
          `predicted ${JSON.stringify(answerOf(example) ?? "")}, right is ${JSON.stringify(example.references[0] ?? "")}`,
      ),
      advice:
        "Bring both into one spelling where the predictions are written (strip and lower-case them), then evaluate again.",
    };
  },
});

const tidy = (label: string): string => {
  const text = label.trim().replace(/\.$/, "").toLowerCase();
  const number = Number(text);
  return text !== "" && Number.isFinite(number) ? String(number) : text;
};

function isRight({ prediction, references }: Example, form: (label: string) => string): boolean {
  if (prediction === null) return false;
  const right = new Set(references.map(form));
  if (typeof prediction === "string") return right.has(form(prediction));
  return new Set(prediction.map(form)).size === right.size && prediction.every((label) => right.has(form(label)));
}
