import { announcedRises } from "../facts/announced-rise.ts";
import { defineSign } from "../rule.ts";
import { say } from "../numbers.ts";

export const announcedData = defineSign({
  id: "announced-data",
  needs: { rises: announcedRises },
  explain({ rises }) {
    return rises.map(({ excursion, announcement }) => ({
      sign: `Loss rose at step ${excursion.step} from ${say(excursion.before)} to ${say(excursion.peak.value)}, where the log announces other training data.`,
      why: `The log says: "${announcement}". What is new to the model costs more at first; it ${excursion.endStep === null ? "falls again" : `was back at step ${excursion.endStep}`}.`,
    }));
  },
});
