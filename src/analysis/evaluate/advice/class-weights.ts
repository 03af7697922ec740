import { counted } from "../../data-check.ts";
import { defineAdvice, percent } from "./advice-rule.ts";

/** A class with less than half of the examples that it would have if all had as many. */
const rareShare = 0.5;
/** Fewer of a class can't tell its recall. */
const fewestOfClass = 10;
/** Recall that much below that of all examples. */
const clearlyWorse = 0.2;

export const classWeights = defineAdvice({
  id: "class-weights",
  advise({ evaluation, examples }) {
    if (evaluation.task !== "classification") return null;
    const classes = new Map<string, { n: number; right: number }>();
    let right = 0;
    for (const { prediction, references } of examples) {
      const [label] = references;
      if (label === undefined) continue;
      const tally = classes.get(label) ?? { n: 0, right: 0 };
      tally.n += 1;
      if (typeof prediction === "string" && references.includes(prediction)) {
        tally.right += 1;
        right += 1;
      }
      classes.set(label, tally);
    }
    const even = examples.length / classes.size;
    const [worst] = [...classes]
      .filter(
        ([, { n, right: hits }]) =>
          n >= fewestOfClass && n < rareShare * even && hits / n < right / examples.length - clearlyWorse,
      )
      .toSorted(([, a], [, b]) => a.right / a.n - b.right / b.n);
    if (worst === undefined) return null;
    const [label, { n, right: hits }] = worst;
    return {
      summary: `Give rare classes more weight: of ${counted(n, "example")} of "${label}" ${percent(hits / n)} are recognised, of all ${percent(right / examples.length)}.`,
      changes: [{ key: "class_weight", from: null, to: "balanced" }],
      dialect: "scikit-learn",
      expect: `Recall of "${label}" rises, precision of the frequent classes falls a little. In PyTorch: CrossEntropyLoss(weight=n / (classes * counts)). Compare macro F1, not accuracy.`,
      source: "https://scikit-learn.org/stable/modules/generated/sklearn.utils.class_weight.compute_class_weight.html",
    };
  },
});
