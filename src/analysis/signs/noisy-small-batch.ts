import { at } from "../../base/statistics.ts";
import { lossShape } from "../facts/loss-shape.ts";
import { options } from "../facts/options.ts";
import { sound } from "../facts/soundness.ts";
import { objective } from "../facts/trainer.ts";
import { say } from "../numbers.ts";
import { defineSign } from "../rule.ts";

/** Neighbouring rows differ by a tenth and more: nobody sees a trend in such a curve. */
const noisyShare = 0.1;
const fewestRows = 40;
/** The loss must have fallen by this many times its noise over the run, or it is not sure that it fell. */
const fallenSigmas = 1;

export const noisySmallBatch = defineSign({
  id: "noisy-small-batch",
  needs: { sound, shape: lossShape, objective, options },
  explain({ shape: { rows, noise, initial, level }, objective: kind, options: settings }) {
    if (kind !== "supervised" || rows.length < fewestRows || !(level > 0) || !(noise > noisyShare * level)) return [];
    if (!(initial - level > fallenSigmas * noise)) return [];
    const batch = settings.number("batch_size");
    return [
      {
        sign: `Loss differs by ${say(Math.round((100 * noise) / level))} % from row to row.`,
        why: `Each row is the mean of few examples${batch === undefined ? "" : ` (batch size ${say(batch)})`}, which are of different difficulty; the level fell from ${say(initial)} to ${say(level)} all the same. Judge it by the held-out loss, or by a mean over ${say(Math.min(200, Math.ceil((noise / (0.02 * level)) ** 2)))} rows (at step ${at(rows.step, rows.length - 1)} the standard error is then 2 %).`,
      },
    ];
  },
});
