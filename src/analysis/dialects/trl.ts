import { defineDialect } from "./dialect.ts";
import { hf } from "./hf.ts";

export const trl = defineDialect({
  id: "trl",
  title: "TRL",
  source: "https://huggingface.co/docs/trl/sft_trainer#trl.SFTConfig",
  options: {
    ...hf.options,
    train_on_prompt: { key: "completion_only_loss", spell: (value) => (typeof value === "boolean" ? !value : value) },
    max_length: { key: "max_length", also: ["max_seq_length"] },
    // GRPOConfig and DPOConfig both call the weight of the reference model beta.
    kl_coefficient: { key: "beta", also: ["kl_coef"] },
    clip_range_high: "epsilon_high",
    completion_length: { key: "max_completion_length", also: ["response_length"] },
    group_size: "num_generations",
    temperature: "temperature",
    mask_truncated: "mask_truncated_completions",
    loss_normalisation: "loss_type",
    chosen_nll_weight: "rpo_alpha",
  },
});
