import type { Example } from "../../model/example.ts";
import { counted, defineDataCheck, short, shareText, shown } from "../data-check.ts";

/** Fewer predictions of labels that no reference has are rare classes or answers in a model's own words. */
const leastShare = 0.05;

export const foreignLabels = defineDataCheck({
  id: "foreign-labels",
  look(examples, { task }) {
    if (task !== "classification" && task !== "multilabel") return null;
    const known = new Set(examples.flatMap(({ references }) => references.map(folded)));
    if (known.size === 0) return null;
    const labels = ({ prediction }: Example): readonly string[] =>
      prediction === null ? [] : typeof prediction === "string" ? [prediction] : prediction;
    const foreign = examples.filter((example) => labels(example).some((label) => !known.has(folded(label))));
    const answered = examples.filter((example) => labels(example).length > 0).length;
    if (foreign.length < Math.max(1, answered * leastShare)) return null;
    const isAll = foreign.length === answered;
    const predicted = [...new Set(foreign.flatMap(labels))].filter((label) => !known.has(folded(label)));
    const names = [...known].toSorted().slice(0, 4).join(", ");
    return {
      severity: "error",
      title: isAll
        ? "Predictions and right answers share no label"
        : `${counted(foreign.length, "prediction")} of labels that no right answer has`,
      message:
        `${predicted
          .slice(0, 4)
          .map((label) => `"${short(label, 30)}"`)
          .join(", ")} ` +
        `${predicted.length === 1 ? "is" : "are"} predicted (${shareText(foreign.length, answered)} of the predictions) and never right; right answers are ${names}${known.size > 4 ? " and others" : ""}.` +
        (predicted.some((label) => /^label_\d+$/i.test(label))
          ? " LABEL_0 is what a Hugging Face model says without `id2label` in its configuration."
          : predicted.every((label) => /^-?\d+$/.test(label))
            ? " The predictions are numbers of classes, the right answers their names."
            : ""),
      count: foreign.length,
      examples: shown(
        foreign,
        (example) =>
          `predicted "${short(labels(example).join(", "))}", right is "${short(example.references[0] ?? "")}"`,
      ),
      advice: isAll
        ? "Map both to the same names before the predictions are written."
        : "Map them to the labels of the task, or make the model choose among these alone (constrained decoding, a stricter prompt).",
    };
  },
});

/** Spelling is a fault of its own. */
const folded = (label: string): string => label.trim().replace(/\.$/, "").toLowerCase();
