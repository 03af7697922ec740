/** The width of LoRA's adapters: how much a fine-tune can learn at all. */
import type { Advice } from "../model/finding.ts";
import { fromWire } from "../model/number.ts";
import { defineFact } from "./fact.ts";
import type { Options } from "./facts/options.ts";

export const loraRank = defineFact<number>({
  id: "lora_r",
  derive(run) {
    const value = run.config("lora_r", "lora_rank", "peft_config.r", "lora.r", "lora.rank");
    const rank = typeof value === "string" ? (fromWire(value) ?? Number(value)) : value;
    return typeof rank === "number" && rank > 0 ? rank : undefined;
  },
});

/** From here on width is seldom what holds a fine-tune back; "LoRA without regret" sees rank 1 fall behind first, 256 last. */
const wide = 64;

const keys: Readonly<Record<string, string>> = {
  "llama-factory": "lora_rank",
  "ms-swift": "lora_rank",
  torchtune: "model.lora_rank",
};

/** None where there is no LoRA, or it is wide already. */
export function widenLora(rank: number | null, { dialect }: Options): Advice[] {
  if (rank === null || rank >= wide) return [];
  return [
    {
      id: "widen-lora",
      summary: `Widen the adapters from rank ${rank} to ${Math.min(wide, 4 * rank)}, on all linear layers, with alpha as large as the rank.`,
      changes: [{ key: keys[dialect ?? ""] ?? "lora_r", from: rank, to: Math.min(wide, 4 * rank) }],
      dialect,
      expect: "The loss goes below this level; if it does not, the rank was not what held it back.",
      source: "https://thinkingmachines.ai/blog/lora/",
    },
  ];
}
