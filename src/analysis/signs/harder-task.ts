import { harderData } from "../facts/divergence.ts";
import { defineSign } from "../rule.ts";
import { say } from "../numbers.ts";

export const harderTask = defineSign({
  id: "harder-task",
  needs: { harder: harderData },
  explain({ harder: { excursion, before, after } }) {
    return [
      {
        sign: `Loss rose at step ${excursion.step} from ${say(excursion.before)} to ${say(excursion.peak.value)} and stays there.`,
        why: `Held-out loss has gone on falling since, from ${say(before)} to ${say(after.value)} at step ${after.step}: the model becomes better, and what it is trained on became harder, as with mined negatives, longer texts or a stronger augmentation.`,
      },
    ];
  },
});
