import type { Example } from "../../model/example.ts";
import { counted, defineDataCheck, short, shown } from "../data-check.ts";

export const conflictingLabels = defineDataCheck({
  id: "conflicting-labels",
  look(examples, { task }) {
    // One text has many good translations, but one class.
    if (task !== "classification" && task !== "multilabel" && task !== "regression") return null;
    const first = new Map<string, Example>();
    const conflicts: Example[] = [];
    for (const example of examples) {
      const { input, references } = example;
      if (input === null || input.trim() === "" || references.length === 0) continue;
      const earlier = first.get(input);
      if (earlier === undefined) first.set(input, example);
      else if (keyOf(earlier) !== keyOf(example)) conflicts.push(example);
    }
    if (conflicts.length === 0) return null;
    return {
      severity: "warning",
      title: `${counted(conflicts.length, "input")} with two different right answers`,
      message:
        "The same input has another label on an earlier line. Whatever the model answers, one of the two counts as wrong.",
      count: conflicts.length,
      examples: shown(conflicts, (example) => {
        const earlier = first.get(example.input ?? "");
        return `"${short(example.input ?? "")}" is ${keyOf(example)} here, ${earlier === undefined ? "" : keyOf(earlier)} on line ${earlier?.line ?? 0}`;
      }),
      advice: "Decide which label is right. If both are, the input lacks something that people used to decide.",
    };
  },
});

const keyOf = ({ references }: Example): string => references.toSorted().join(", ");
