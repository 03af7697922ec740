import { generalization } from "../facts/generalization.ts";
import { sound } from "../facts/soundness.ts";
import { say } from "../numbers.ts";
import { defineSign } from "../rule.ts";

export const evalLossUpMetricBetter = defineSign({
  id: "eval-loss-up-metric-better",
  needs: { held: generalization, sound },
  explain({ held }) {
    if (held.worse === 0 || held.improved === null || held.isOverfitted) return [];
    return [
      {
        sign: `Held-out loss rose from ${say(held.best.value)} to ${say(held.last.value)} since step ${held.best.step}.`,
        why: `${held.improved.series} became better meanwhile (${say(held.improved.from)} to ${say(held.improved.to)}): the model grows surer, also of its few mistakes, which costs loss and not quality.`,
      },
    ];
  },
});
