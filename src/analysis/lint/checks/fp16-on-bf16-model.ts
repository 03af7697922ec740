import { defineSettingsCheck } from "../check.ts";

const source = "https://huggingface.co/docs/transformers/model_doc/t5#usage-tips";

/** Families whose activations are known to pass 65,504, the largest number of fp16: T5 and its kin, Gemma 2 and 3. */
const overflowing = /(^|[-_/])((m|um|by|flan-)?t5|gemma-?[23])([-_/.]|$)/i;
/** Trained in bf16; usually fine in fp16 with adapters. */
const brainFloat = /llama-?[234]|qwen|mistral|mixtral|gemma|phi-?[34]|olmo|deepseek|smollm|falcon/i;

export const fp16OnBf16Model = defineSettingsCheck({
  id: "fp16-on-bf16-model",
  title: "fp16 for a model trained in bf16",
  why: "bf16 reaches 3e38, fp16 only 65,504: activations that fit before overflow to infinity.",
  source,
  check(settings) {
    const name = settings.word("model");
    const isOn = settings.flag("fp16");
    if (name === undefined || isOn === undefined) return { missing: ["model and fp16"] };
    const isKnown = overflowing.test(name);
    if (!isOn || settings.flag("bf16") === true || (!isKnown && !brainFloat.test(name))) return [];
    return [
      {
        severity: isKnown ? "warning" : "info",
        message: `${name} was trained in bf16 and is to be trained in fp16${isKnown ? "; its family is known to overflow there" : ", where large activations overflow. Without a device that has bf16 watch the loss scale"}.`,
        where: settings.where("fp16"),
        advice: [
          settings.advice({
            id: "bf16",
            summary: "Use bf16, on a device that has it (Ampere and newer).",
            changes: [settings.change("fp16", false), settings.change("bf16", true)],
            expect: "No NaN, and no loss scale that falls.",
            source,
          }),
        ],
      },
    ];
  },
});
