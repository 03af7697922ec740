import { defineSettingsCheck } from "../check.ts";
import { rateText } from "../rate-text.ts";

const source =
  "https://huggingface.co/docs/transformers/main_classes/trainer#transformers.TrainingArguments.learning_rate";

/** UMLAUT warns outside 1e-7 to 1e-2 (doi 10.1145/3411764.3445538); plain SGD goes up to about 1, sign-based and DPO runs down to 1e-8. */
const highest = 1;
const highestAdam = 0.05;
const lowest = 1e-9;
/** Trainers that take AdamW when no optimizer is named. */
const adamByDefault = ["hf", "trl", "axolotl", "llama-factory", "ms-swift"];

export const learningRateExtreme = defineSettingsCheck({
  id: "learning-rate-extreme",
  title: "Learning rate cannot work",
  why: "At 0 nothing is learned, below 0 the loss climbs, far above the usual range the first steps destroy the weights.",
  source,
  check(settings) {
    const rate = settings.word("learning_rate") === "NaN" ? Number.NaN : settings.number("learning_rate");
    if (rate === undefined) return { missing: ["learning_rate"] };
    const optimizer = settings.word("optimizer") ?? (adamByDefault.includes(settings.dialect) ? "adamw" : "");
    const isAdam = /adam|lion/i.test(optimizer);
    const limit = isAdam ? highestAdam : highest;
    if (rate >= lowest && rate < limit) return [];
    const to = settings.isLora === true ? 2e-4 : 2e-5;
    return [
      {
        severity: "error",
        message: `The learning rate is ${rateText(rate)}: ${harmOf(rate)}.`,
        where: settings.where("learning_rate"),
        advice: [
          settings.advice({
            id: "set-learning-rate",
            summary: `Start from ${rateText(to)}${settings.isLora === true ? ", usual for LoRA" : ", usual for fine-tuning all weights"}.`,
            changes: [settings.change("learning_rate", to)],
            expect: "The loss falls within the first tens of steps.",
            source,
          }),
        ],
      },
    ];
  },
});

function harmOf(rate: number): string {
  // PyTorch's optimizers raise "Invalid learning rate" for both.
  if (Number.isNaN(rate)) return "optimizers refuse it at start, or every weight becomes NaN with the first step";
  if (rate < 0) return "optimizers refuse it at start, or each step climbs the loss";
  if (rate === 0) return "no weight will change";
  if (rate < lowest) return "no weight will change by a visible amount";
  return "the first steps will move the weights farther than they are from zero";
}
