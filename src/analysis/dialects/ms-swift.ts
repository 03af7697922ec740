import { defineDialect } from "./dialect.ts";
import { hf } from "./hf.ts";

export const msSwift = defineDialect({
  id: "ms-swift",
  title: "ms-swift",
  source: "https://swift.readthedocs.io/en/latest/Instruction/Command-line-parameters.html",
  options: { ...hf.options, max_length: "max_length" },
});
