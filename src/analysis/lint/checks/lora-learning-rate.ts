import { defineSettingsCheck } from "../check.ts";
import { rateText } from "../rate-text.ts";

const source = "https://thinkingmachines.ai/blog/lora/";

/**
 * The best rate of LoRA is about 10 times that of full fine-tuning ("LoRA Without Regret"); Unsloth
 * starts from 2e-4 and takes 5e-6 for reinforcement. Fine-tuning of all weights is usually 5e-6 to 2e-5,
 * so that below 2e-5 a rate was most likely copied from there; but several published recipes take just 1e-5 for
 * 70 billion and more. 3e-3 is ten times above the usual 3e-4.
 */
const low = 2e-5;
const lowest = 1e-5;
const highest = 3e-3;
const highestForReinforcement = 5e-4;

export const loraLearningRate = defineSettingsCheck({
  id: "lora-learning-rate",
  title: "Learning rate does not fit LoRA",
  why: "Adapters need about ten times the rate of full fine-tuning: with less they hardly learn, with far more they diverge.",
  source,
  check(settings) {
    const rate = settings.number("learning_rate");
    const { isLora, stage } = settings;
    if (rate === undefined || isLora === undefined)
      return { missing: [rate === undefined ? "learning_rate" : "whether LoRA is used"] };
    if (!isLora || rate <= 0) return [];
    const isReinforced = stage === "rl" || stage === "preference";
    const isLow = !isReinforced && (stage === "sft" || stage === "pretrain") && rate < low;
    const isHigh = rate > (isReinforced ? highestForReinforcement : highest);
    if (!isLow && !isHigh) return [];
    const to = isReinforced ? 5e-6 : 2e-4;
    const usual = isReinforced
      ? "preference and reinforcement runs with LoRA start around 5e-6"
      : "supervised runs with LoRA start around 2e-4, ten times what full fine-tuning takes";
    return [
      {
        severity: isHigh || rate < lowest ? "warning" : "info",
        title: `Learning rate is too ${isLow ? "low" : "high"} for LoRA`,
        message: `LoRA with a learning rate of ${rateText(rate)}: ${usual}.`,
        where: settings.where("learning_rate"),
        advice: [
          settings.advice({
            id: "learning-rate-of-lora",
            summary: `Set the learning rate to ${rateText(to)}.`,
            changes: [settings.change("learning_rate", to)],
            expect: isLow
              ? "The loss falls visibly within the first epoch."
              : "The loss no longer rises after the warm-up.",
            source: isReinforced
              ? "https://docs.unsloth.ai/get-started/fine-tuning-llms-guide/lora-hyperparameters-guide"
              : source,
          }),
        ],
      },
    ];
  },
});
