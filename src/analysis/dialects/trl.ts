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
  },
});
