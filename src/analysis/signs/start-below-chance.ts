import { at } from "../../base/statistics.ts";
import { vocabularySize } from "../facts/options.ts";
import { supervisedLoss } from "../facts/supervised-loss.ts";
import { objective } from "../facts/trainer.ts";
import { say } from "../numbers.ts";
import { sound } from "../facts/soundness.ts";
import { defineSign } from "../rule.ts";

/** Clearly below what a model that guesses would have. */
const belowShare = 0.7;

export const startBelowChance = defineSign({
  id: "start-below-chance",
  needs: { sound, rows: supervisedLoss, vocabulary: vocabularySize, objective },
  explain({ rows, vocabulary, objective: kind }) {
    const chance = Math.log(vocabulary);
    const first = at(rows.value, 0);
    if (kind !== "supervised" || !(first > 0) || !(first < belowShare * chance)) return [];
    return [
      {
        sign: `The first loss is ${say(first)}, below ln(${vocabulary}) = ${say(chance)}.`,
        why: "A model that was trained before starts there. (If this one starts from random weights, its labels leak into its inputs.)",
      },
    ];
  },
});
