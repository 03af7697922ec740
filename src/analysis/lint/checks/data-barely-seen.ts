import { say } from "../../numbers.ts";
import { defineCheck } from "../check.ts";
import { percent } from "../tally.ts";

const source = "https://docs.unsloth.ai/get-started/fine-tuning-llms-guide/lora-hyperparameters-guide";

/** A run that stops this early was most likely meant as a try: Unsloth's notebooks set max_steps 60 "to speed things up". */
const smallShare = 0.5;
/** Smaller data are seen many times in any run. */
const leastRows = 100;

export const dataBarelySeen = defineCheck({
  id: "data-barely-seen",
  title: "max_steps ends the run before the data",
  why: "max_steps counts optimizer steps and overrides the epochs: the rest of the data is never seen.",
  source,
  begin: ({ settings, worldSize }) => ({
    end({ train }) {
      const steps = settings?.maxSteps;
      const perDevice = settings?.rowsPerDeviceStep;
      if (settings === null || steps === undefined || perDevice === undefined || train < leastRows)
        return { missing: ["max_steps, batch size and training data"] };
      const isPacked = settings.flag("packing") === true;
      const seen = steps * perDevice * (worldSize ?? 1);
      if (isPacked || settings.stage === "rl" || seen >= train * smallShare) return [];
      const epochs = settings.number("epochs") ?? 1;
      return [
        {
          severity: "warning",
          message: `${settings.keyOf("max_steps")} is ${say(steps)}, at ${perDevice * (worldSize ?? 1)} rows a step: ${seen.toLocaleString("en-US")} of ${train.toLocaleString("en-US")} rows (${percent(seen / train)}) are seen${worldSize === null ? " on one device" : ""}.`,
          where: settings.where("max_steps"),
          advice: [
            settings.advice({
              id: "epochs-instead",
              summary: `Leave max_steps out and train ${say(epochs)} epoch${epochs === 1 ? "" : "s"}, unless this is a try.`,
              changes: [
                { key: settings.keyOf("max_steps") ?? "max_steps", from: steps, to: null },
                ...(settings.number("epochs") === undefined ? [settings.change("epochs", 1)] : []),
              ],
              expect: "All rows are seen.",
              source,
            }),
          ],
        },
      ];
    },
  }),
});
