import { counted, defineDataCheck, shareText, short, shown } from "../data-check.ts";

export const missingPredictions = defineDataCheck({
  id: "missing-predictions",
  look(examples, { task }) {
    if (task === "language-modeling") return null;
    const missing = examples.filter(
      ({ prediction, samples, scores }) => prediction === null && samples === null && scores === null,
    );
    if (missing.length === 0) return null;
    return {
      // A few lost answers are in the score as wrong ones; many make it a score of something else.
      severity: missing.length >= examples.length * 0.01 ? "error" : "warning",
      title: `${counted(missing.length, "prediction")} missing`,
      message: `${shareText(missing.length, examples.length)} of the examples have no prediction. They count as wrong, as in the official scripts, so every metric is lower than the model deserves.`,
      count: missing.length,
      examples: shown(missing, ({ input }) =>
        input === null ? "no prediction" : `no prediction for "${short(input)}"`,
      ),
      advice: "Look why the model did not answer these (an exception, a filter, a cut file), and run them again.",
    };
  },
});
