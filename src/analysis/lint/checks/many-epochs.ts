import { say } from "../../numbers.ts";
import { defineSettingsCheck } from "../check.ts";

const source = "https://docs.unsloth.ai/get-started/fine-tuning-llms-guide/lora-hyperparameters-guide";

/** Unsloth advises 1 to 3 epochs of instruction data; small sets are repeated more on purpose. */
const many = 5;
const leastRows = 1000;

export const manyEpochs = defineSettingsCheck({
  id: "many-epochs",
  title: "Many epochs over the same instructions",
  why: "Beyond a few epochs a language model repeats its training answers instead of learning more.",
  source,
  check(settings, _context, { train }) {
    const epochs = settings.number("epochs");
    if (epochs === undefined || settings.stage !== "sft" || train < leastRows)
      return { missing: ["epochs of supervised fine-tuning, and at least 1,000 rows of training data"] };
    if (epochs <= many || settings.maxSteps !== undefined) return [];
    return [
      {
        severity: "info",
        message: `${say(epochs)} epochs over ${train.toLocaleString("en-US")} rows; 1 to 3 are usual.`,
        where: settings.where("epochs"),
        advice: [
          settings.advice({
            id: "fewer-epochs",
            summary: "Train 3 epochs, and evaluate to see whether more help.",
            changes: [settings.change("epochs", 3)],
            expect: "The evaluation loss does not rise while the training loss falls.",
            source,
          }),
        ],
      },
    ];
  },
});
