import { defineSettingsCheck } from "../check.ts";

const source = "https://huggingface.co/docs/transformers/quantization/bitsandbytes";

export const quantisedWithoutAdapter = defineSettingsCheck({
  id: "quantised-without-adapter",
  title: "Quantised weights cannot be trained",
  why: "4-bit and 8-bit weights take no gradient; without an adapter nothing can learn, and trainers stop at start.",
  source,
  check(settings) {
    const bits = (["load_in_4bit", "load_in_8bit"] as const).find((option) => settings.flag(option) === true);
    const key =
      bits === undefined
        ? settings.raw("quantization_bit") === undefined || settings.raw("quantization_bit") === null
          ? undefined
          : "quantization_bit"
        : settings.keyOf(bits);
    if (settings.isLora === undefined) return { missing: ["whether LoRA is used"] };
    if (key === undefined || settings.isLora) return [];
    return [
      {
        severity: "error",
        message: `${key} quantises the model, and there is no adapter.`,
        where: settings.whereKey(key),
        advice: [
          settings.advice({
            id: "adapter",
            summary: "Train a LoRA adapter on the quantised model, or load it in bf16.",
            changes: [
              settings.dialect === "axolotl"
                ? settings.change("adapter", "qlora")
                : settings.dialect === "llama-factory"
                  ? settings.change("adapter", "lora")
                  : settings.change("adapter", true),
            ],
            expect: "The log says a number of trainable parameters above 0.",
            source,
          }),
        ],
      },
    ];
  },
});
