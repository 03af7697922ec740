import { mad } from "../../base/statistics.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { sampleOf } from "../facts/stretch.ts";
import { say } from "../numbers.ts";
import { sound } from "../facts/soundness.ts";
import { defineSign } from "../rule.ts";

/** What people ask about: clipping thresholds are usually 1, so a norm ten times that looks wrong. */
const looksLarge = 10;
/** Stable: the logarithm scatters by less than a factor of about 3. */
const stableDecades = 0.5;

export const largeStableGradNorm = defineSign({
  id: "large-stable-grad-norm",
  needs: { sound, grad: gradShape },
  explain({ grad }) {
    if (!(grad.usual >= looksLarge) || grad.rows.length < 10 || grad.surges.length > 0) return [];
    const logs = sampleOf(grad.rows.value, 0, grad.rows.length)
      .filter((value) => value > 0)
      .map(Math.log10);
    if (mad(logs) > stableDecades) return [];
    return [
      {
        sign: `grad_norm is around ${say(grad.usual)}.`,
        why: "The norm grows with the number of parameters and with the scale of the loss, and differs a thousandfold between healthy models; what matters is that it stays in its band, and it does.",
      },
    ];
  },
});
