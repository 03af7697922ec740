import { defineDialect } from "./dialect.ts";
import { hf } from "./hf.ts";

export const msSwift = defineDialect({
  id: "ms-swift",
  title: "ms-swift",
  source: "https://swift.readthedocs.io/en/latest/Instruction/Command-line-parameters.html",
  options: {
    ...hf.options,
    max_length: "max_length",
    kl_coefficient: "beta",
    chosen_nll_weight: "rpo_alpha",
    clip_range_high: "epsilon_high",
    completion_length: "max_completion_length",
    group_size: "num_generations",
    temperature: "temperature",
  },
});
