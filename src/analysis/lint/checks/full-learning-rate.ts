import { say } from "../../numbers.ts";
import { defineSettingsCheck } from "../check.ts";
import { rateText } from "../rate-text.ts";

const source = "https://github.com/huggingface/trl/blob/main/docs/source/lora_without_regret.md";

/**
 * Models of 3 billion parameters and more are fine-tuned at 5e-6 to 2e-5; published recipes of small ones go
 * to 1e-3 (SmolLM2-135M), so the size has to be known before 1e-4 can be called high. 2e-4 is where LoRA starts.
 */
const fromBillions = 3;
const highLarge = 1e-4;
const highestLarge = 2e-4;
/** TRL's default for DPO and GRPO is 1e-6; 2e-5 and more is the rate of supervised training. */
const highestReinforced = 2e-5;

export const fullLearningRate = defineSettingsCheck({
  id: "full-learning-rate",
  title: "Learning rate is too high for training all weights",
  why: "A rate made for LoRA forgets what the model knew, or diverges, when all weights are trained.",
  source,
  check(settings) {
    const rate = settings.number("learning_rate");
    const { isLora, stage, billions } = settings;
    if (rate === undefined || isLora === undefined)
      return { missing: [rate === undefined ? "learning_rate" : "whether all weights are trained"] };
    if (isLora || stage === "pretrain") return [];
    const isReinforced = stage === "rl" || stage === "preference";
    if (!isReinforced && (billions === undefined || stage !== "sft"))
      return { missing: ["size of the model in its name"] };
    const isHigh = isReinforced ? rate > highestReinforced : (billions ?? 0) >= fromBillions && rate >= highLarge;
    if (!isHigh) return [];
    const to = isReinforced ? 1e-6 : 1e-5;
    return [
      {
        severity: isReinforced || rate >= highestLarge ? "warning" : "info",
        message: `All weights${isReinforced || billions === undefined ? "" : ` of a model of ${say(billions)} billion`} are trained with a learning rate of ${rateText(rate)}; usual is ${isReinforced ? "5e-7 to 5e-6" : "5e-6 to 2e-5"}, a tenth of what LoRA takes.`,
        where: settings.where("learning_rate"),
        advice: [
          settings.advice({
            id: "learning-rate-of-all-weights",
            summary: `Set the learning rate to ${rateText(to)}, or train adapters.`,
            changes: [settings.change("learning_rate", to)],
            expect: "No rise of the loss after the warm-up; the evaluation of what the model could do before stays.",
            source,
          }),
        ],
      },
    ];
  },
});
