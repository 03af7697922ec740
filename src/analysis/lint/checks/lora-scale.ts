import { say } from "../../numbers.ts";
import { defineSettingsCheck } from "../check.ts";

const source = "https://docs.unsloth.ai/get-started/fine-tuning-llms-guide/lora-hyperparameters-guide";

/** Usual is alpha = r or 2r; recipes from 1/16 (r 256, alpha 16) to 4 (r 8, alpha 32) work. Above 8 the update is multiplied beyond all of them. */
const highest = 8;

export const loraScale = defineSettingsCheck({
  id: "lora-scale",
  title: "LoRA's alpha does not fit its rank",
  why: "alpha / r multiplies every update of the adapters, as if the learning rate were that much larger.",
  source,
  check(settings) {
    const rank = settings.number("lora_r");
    const alpha = settings.number("lora_alpha");
    if (rank === undefined || alpha === undefined) return { missing: ["lora_r and lora_alpha"] };
    if (rank <= 0)
      return [
        {
          severity: "error",
          title: "LoRA's rank is not positive",
          message: `The rank is ${say(rank)}: the adapters have no weights.`,
          where: settings.where("lora_r"),
          advice: [
            settings.advice({
              id: "lora-rank",
              summary: "Start from a rank of 16.",
              changes: [settings.change("lora_r", 16)],
              expect: "The log says a number of trainable parameters above 0.",
              source,
            }),
          ],
        },
      ];
    const scale = alpha / rank;
    // Rank-stabilised LoRA divides by the root of the rank, and means larger factors.
    if (alpha > 0 && (scale <= highest || settings.flag("rs_lora") === true)) return [];
    return [
      {
        severity: alpha > 0 ? "warning" : "error",
        message: `lora_alpha is ${say(alpha)} at a rank of ${say(rank)}: updates are multiplied by ${say(scale)}; usual is 1 or 2.`,
        where: settings.where("lora_alpha"),
        advice: [
          settings.advice({
            id: "lora-alpha",
            summary: "Set alpha to twice the rank.",
            changes: [settings.change("lora_alpha", rank * 2)],
            expect: "The loss falls as smoothly as the learning rate suggests.",
            source,
          }),
        ],
      },
    ];
  },
});
