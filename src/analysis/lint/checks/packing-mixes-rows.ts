import { defineSettingsCheck } from "../check.ts";

const source = "https://huggingface.co/docs/trl/reducing_memory_usage#packing";

export const packingMixesRows = defineSettingsCheck({
  id: "packing-mixes-rows",
  title: "Packed rows attend to each other",
  why: "Rows that share a sequence read each other's text, unless the attention keeps them apart.",
  source,
  check(settings) {
    const packs = settings.flag("packing");
    if (packs === undefined) return { missing: ["packing"] };
    if (!packs || settings.stage === "pretrain") return [];
    const attention = settings.word("attention")?.toLowerCase();
    if (settings.dialect === "llama-factory") {
      if (settings.flag("neat_packing") === true) return [];
      return [
        {
          severity: "warning",
          message: "packing is on without neat_packing, so that packed examples attend to each other.",
          where: settings.where("packing"),
          source: "https://llamafactory.readthedocs.io/en/latest/advanced/arguments.html",
          advice: [
            settings.advice({
              id: "neat-packing",
              summary: "Keep the examples apart.",
              changes: [settings.change("neat_packing", true)],
              expect: "Answers no longer mix subjects of neighbouring examples.",
              source: "https://llamafactory.readthedocs.io/en/latest/advanced/arguments.html",
            }),
          ],
        },
      ];
    }
    if (settings.dialect === "axolotl") {
      const keys = [
        "flash_attention",
        "flex_attention",
        "xformers_attention",
        "sdp_attention",
        "sage_attention",
        "s2_attention",
      ];
      if (attention !== undefined || keys.some((key) => settings.raw(key) === true)) return [];
      return [
        {
          severity: "warning",
          message: "sample_packing is on, but no attention that keeps packed samples apart.",
          where: settings.where("packing"),
          source: "https://docs.axolotl.ai/docs/multipack.html",
          advice: [
            settings.advice({
              id: "flash-attention",
              summary: "Turn on FlashAttention, or another attention that multipack supports.",
              changes: [settings.change("flash_attention", true)],
              expect: "Packed samples are masked from each other.",
              source: "https://docs.axolotl.ai/docs/multipack.html",
            }),
          ],
        },
      ];
    }
    // torchtune masks by itself; of other trainers only what is set outright is judged.
    if (settings.dialect !== "trl" || (attention !== "sdpa" && attention !== "eager")) return [];
    return [
      {
        severity: "warning",
        message: `packing is on with ${settings.keyOf("attention")} ${attention}, which does not keep packed rows apart; only FlashAttention does.`,
        where: settings.where("packing"),
        advice: [
          settings.advice({
            id: "flash-attention",
            summary: "Use FlashAttention, or turn packing off.",
            changes: [settings.change("attention", "flash_attention_2")],
            expect: "Packed rows are masked from each other.",
            source,
          }),
        ],
      },
    ];
  },
});
