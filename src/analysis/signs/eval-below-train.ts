import { at, median } from "../../base/statistics.ts";
import { rowAtStep } from "../facts/curve.ts";
import { evalLoss } from "../facts/eval-loss.ts";
import { supervisedLoss } from "../facts/supervised-loss.ts";
import { objective } from "../facts/trainer.ts";
import { say } from "../numbers.ts";
import { sound } from "../facts/soundness.ts";
import { defineSign } from "../rule.ts";

/** Below 1 by more than chance, and not so far that the two count different things (see accumulation-scaling). */
const band = { from: 0.55, to: 0.97 };
const fewestEvals = 3;
const lastEvals = 12;

export const evalBelowTrain = defineSign({
  id: "eval-below-train",
  needs: { sound, rows: supervisedLoss, evals: evalLoss, objective },
  explain({ rows, evals, objective: kind }) {
    if (kind !== "supervised" || evals.length < fewestEvals) return [];
    const ratios: number[] = [];
    for (let i = Math.max(0, evals.length - lastEvals); i < evals.length; i++) {
      const row = rowAtStep(rows, at(evals.step, i));
      if (row >= 0) ratios.push(at(evals.value, i) / median(rows.value.subarray(Math.max(0, row - 4), row + 1)));
    }
    const ratio = median(ratios);
    if (!(ratio > band.from && ratio < band.to)) return [];
    return [
      {
        sign: `Held-out loss is lower than training loss (${say(ratio)} times).`,
        why: "Training loss is measured with dropout and label smoothing on, and averaged over steps with older weights; evaluation has neither.",
      },
    ];
  },
});
