import { defineDialect } from "./dialect.ts";
import { hf } from "./hf.ts";

export const llamaFactory = defineDialect({
  id: "llama-factory",
  title: "LLaMA-Factory",
  source: "https://llamafactory.readthedocs.io/en/latest/advanced/arguments.html",
  options: {
    ...hf.options,
    train_on_prompt: "train_on_prompt",
    max_length: "cutoff_len",
    kl_coefficient: "pref_beta",
    chosen_nll_weight: "pref_ftx",
  },
});
