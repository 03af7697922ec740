import { lossShape } from "../facts/loss-shape.ts";
import { defineSign } from "../rule.ts";
import { say } from "../numbers.ts";

export const riseAfterRestart = defineSign({
  id: "rise-after-restart",
  needs: { shape: lossShape },
  explain({ shape }) {
    const rise = shape.excursions.find((excursion) => excursion.afterRestart && excursion.endStep !== null);
    if (rise === undefined) return [];
    return [
      {
        sign: `Loss rose at step ${rise.step} from ${say(rise.before)} to ${say(rise.peak.value)}.`,
        why: `The schedule had just raised the learning rate again. The loss was back at step ${rise.endStep}, as it should be after a restart.`,
      },
    ];
  },
});
