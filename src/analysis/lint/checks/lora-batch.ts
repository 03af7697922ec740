import { say } from "../../numbers.ts";
import { defineSettingsCheck } from "../check.ts";

const source = "https://github.com/huggingface/trl/blob/main/docs/source/lora_without_regret.md";

/** "LoRA Without Regret": LoRA loses more than full fine-tuning as the batch grows; TRL's reproduction advises less than 32. */
const recommended = 32;
/** Four doublings beyond it, no published LoRA recipe for supervised data stays. */
const excessive = 512;

export const loraBatch = defineSettingsCheck({
  id: "lora-batch",
  title: "Effective batch is large for LoRA",
  why: "LoRA loses more than full fine-tuning when batches are large; smaller ones learn more from the same data.",
  source,
  check(settings, { worldSize }) {
    const perDevice = settings.rowsPerDeviceStep;
    const { isLora, stage } = settings;
    if (perDevice === undefined || isLora === undefined)
      return { missing: [perDevice === undefined ? "batch size" : "whether LoRA is used"] };
    const batch = perDevice * (worldSize ?? 1);
    // Reinforcement counts completions, not prompts.
    if (!isLora || stage === "rl" || batch <= recommended) return [];
    const accumulation = settings.number("gradient_accumulation_steps") ?? 1;
    const to = Math.max(1, Math.floor((accumulation * recommended) / batch));
    const devices = worldSize === null ? "on each device" : `over ${worldSize} device${worldSize === 1 ? "" : "s"}`;
    return [
      {
        severity: batch > excessive ? "warning" : "info",
        message: `Each step takes ${batch} rows ${devices} (${say(perDevice / accumulation)} a micro-batch x ${accumulation} accumulated${worldSize === null ? "" : ` x ${worldSize}`}). With LoRA a batch of up to ${recommended} is advised.`,
        where: settings.where("batch_size"),
        advice:
          to < accumulation
            ? [
                settings.advice({
                  id: "less-accumulation",
                  summary: "Accumulate fewer micro-batches.",
                  changes: [settings.change("gradient_accumulation_steps", to)],
                  expect: "More steps, and a lower loss after the same epochs.",
                  source,
                }),
              ]
            : [],
      },
    ];
  },
});
