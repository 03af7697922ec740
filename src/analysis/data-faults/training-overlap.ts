import { counted, defineDataCheck, shareText, short, shown } from "../data-check.ts";

export const trainingOverlap = defineDataCheck({
  id: "training-overlap",
  look(examples, { trainingInputs }) {
    if (trainingInputs === null) return null;
    const seen = new Set([...trainingInputs].map(folded));
    const overlap = examples.filter(({ input }) => input !== null && input.trim() !== "" && seen.has(folded(input)));
    if (overlap.length === 0) return null;
    return {
      severity: overlap.length >= examples.length * 0.01 ? "error" : "warning",
      title: `${counted(overlap.length, "example")} of the training data ${overlap.length === 1 ? "is" : "are"} tested`,
      message: `${shareText(overlap.length, examples.length)} of the inputs stand in the training data too (but for case and blanks). What the model knows by heart says nothing about new inputs.`,
      count: overlap.length,
      examples: shown(overlap, ({ input }) => `"${short(input ?? "")}"`),
      advice: "Take them out of the training data or out of the test, and evaluate again.",
    };
  },
});

const folded = (text: string): string => text.trim().toLowerCase().replaceAll(/\s+/gu, " ");
