import { gradShape } from "../facts/grad-shape.ts";
import { lasting } from "../rules/gradient-explosion.ts";
import { say } from "../numbers.ts";
import { sound } from "../facts/soundness.ts";
import { defineSign } from "../rule.ts";

export const briefGradPeaks = defineSign({
  id: "brief-grad-peaks",
  needs: { sound, grad: gradShape },
  explain({ grad }) {
    const [first] = grad.surges;
    if (first === undefined || lasting(grad.surges).length > 0) return [];
    return [
      {
        sign: `grad_norm peaked ${grad.surges.length === 1 ? "once" : `${grad.surges.length} times`}, at step ${first.step} at ${say(first.peak.value)} (usually ${say(first.usual)}).`,
        why: "Each peak was over within two logged rows. Clipping bounds what such a batch can do; it matters when the loss follows or the norm stays up.",
      },
    ];
  },
});
