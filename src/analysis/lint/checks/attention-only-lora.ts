import { defineSettingsCheck } from "../check.ts";

const source = "https://thinkingmachines.ai/blog/lora/";

export const attentionOnlyLora = defineSettingsCheck({
  id: "attention-only-lora",
  title: "LoRA on attention layers only",
  why: "Adapters on all linear layers learn more from the same data than adapters of attention alone, also at equal size.",
  source,
  check(settings) {
    const modules = settings.list("lora_modules");
    if (settings.isLora !== true || modules === undefined) return { missing: ["LoRA's target modules"] };
    const isAttention =
      modules.length > 0 &&
      modules.every((name) => /^(([qkvo]|out)_proj|output_proj|query_key_value|c_attn|Wqkv|qkv_proj|[qv])$/.test(name));
    const isTuneMlp = settings.raw("model.apply_lora_to_mlp") === true || settings.raw("lora_target_linear") === true;
    if (!isAttention || isTuneMlp) return [];
    const to =
      settings.dialect === "llama-factory"
        ? "all"
        : settings.dialect === "axolotl" || settings.dialect === "torchtune"
          ? true
          : "all-linear";
    const change =
      settings.dialect === "axolotl"
        ? { key: "lora_target_linear", from: settings.raw("lora_target_linear") ?? null, to }
        : settings.dialect === "torchtune"
          ? { key: "model.apply_lora_to_mlp", from: settings.raw("model.apply_lora_to_mlp") ?? null, to }
          : settings.change("lora_modules", to);
    return [
      {
        severity: "info",
        message: `Adapters are put on ${modules.join(", ")} only. That is enough for small changes; the layers between (gate, up and down) hold most of what can be learned.`,
        where: settings.where("lora_modules"),
        advice: [
          settings.advice({
            id: "all-linear-layers",
            summary: "Put adapters on all linear layers.",
            changes: [change],
            expect: "A lower loss at the same number of steps.",
            source,
          }),
        ],
      },
    ];
  },
});
