import { dialects } from "../dialects/index.ts";
import { nameOf, optionIds, type OptionId } from "../dialects/dialect.ts";

/** Options that lint reads beyond those that advice of rules changes. */
const furtherOptions = [
  "warmup_ratio",
  "eval_strategy",
  "eval_steps",
  "save_strategy",
  "save_steps",
  "logging_steps",
  "bf16",
  "fp16",
  "packing",
  "neat_packing",
  "attention",
  "flash_attention",
  "adapter",
  "lora_r",
  "lora_alpha",
  "lora_modules",
  "rs_lora",
  "load_in_4bit",
  "load_in_8bit",
  "stage",
  "model",
  "val_size",
  "eval_data",
  "assistant_only_loss",
  "chat_template",
  "eos_token",
  "pad_token",
  "num_generations",
  "beta",
  "response_template",
  "generation_batch_size",
  "steps_per_generation",
  "optimizer",
  "unfrozen",
] as const;

export type LintOption = OptionId | (typeof furtherOptions)[number];
type Names = Readonly<Partial<Record<LintOption, readonly string[]>>>;

const hf: Names = {
  warmup_steps: ["warmup_steps"],
  warmup_ratio: ["warmup_ratio"],
  max_steps: ["max_steps"],
  eval_strategy: ["eval_strategy", "evaluation_strategy"],
  eval_steps: ["eval_steps"],
  save_strategy: ["save_strategy"],
  save_steps: ["save_steps"],
  logging_steps: ["logging_steps"],
  bf16: ["bf16"],
  fp16: ["fp16"],
  attention: ["attn_implementation", "_attn_implementation"],
  load_in_4bit: ["load_in_4bit"],
  load_in_8bit: ["load_in_8bit"],
  adapter: ["use_peft"],
  lora_r: ["lora_r", "r", "lora_rank"],
  lora_alpha: ["lora_alpha"],
  lora_modules: ["lora_target_modules", "target_modules"],
  rs_lora: ["use_rslora"],
  model: ["model_name_or_path", "model_name", "model_id", "model", "_name_or_path"],
  chat_template: ["chat_template_path", "chat_template"],
  eos_token: ["eos_token"],
  pad_token: ["pad_token"],
  response_template: ["response_template", "response_part"],
  packing: ["packing"],
  max_length: ["max_length", "max_seq_length"],
  optimizer: ["optim"],
};

const trl: Names = {
  ...hf,
  assistant_only_loss: ["assistant_only_loss"],
  num_generations: ["num_generations"],
  generation_batch_size: ["generation_batch_size"],
  steps_per_generation: ["steps_per_generation"],
  beta: ["beta"],
};

const axolotl: Names = {
  warmup_steps: ["warmup_steps"],
  warmup_ratio: ["warmup_ratio"],
  max_steps: ["max_steps"],
  eval_strategy: ["eval_strategy", "evaluation_strategy"],
  eval_steps: ["eval_steps"],
  save_strategy: ["save_strategy"],
  save_steps: ["save_steps"],
  logging_steps: ["logging_steps"],
  bf16: ["bf16", "bfloat16"],
  fp16: ["fp16", "float16"],
  packing: ["sample_packing"],
  attention: ["attn_implementation"],
  flash_attention: ["flash_attention"],
  adapter: ["adapter"],
  unfrozen: ["unfrozen_parameters"],
  lora_r: ["lora_r"],
  lora_alpha: ["lora_alpha"],
  lora_modules: ["lora_target_modules"],
  rs_lora: ["peft_use_rslora"],
  load_in_4bit: ["load_in_4bit"],
  load_in_8bit: ["load_in_8bit"],
  stage: ["rl"],
  model: ["base_model"],
  val_size: ["val_set_size"],
  eval_data: ["test_datasets"],
  chat_template: ["chat_template"],
  eos_token: ["special_tokens.eos_token"],
  pad_token: ["special_tokens.pad_token"],
  num_generations: ["trl.num_generations"],
  beta: ["rl_beta", "trl.beta"],
  optimizer: ["optimizer"],
};

const llamaFactory: Names = {
  ...hf,
  adapter: ["finetuning_type"],
  lora_r: ["lora_rank"],
  lora_alpha: ["lora_alpha"],
  lora_modules: ["lora_target"],
  load_in_4bit: [],
  load_in_8bit: [],
  stage: ["stage"],
  val_size: ["val_size"],
  eval_data: ["eval_dataset"],
  neat_packing: ["neat_packing"],
  attention: ["flash_attn"],
  max_length: ["cutoff_len"],
  chat_template: ["template"],
  beta: ["pref_beta"],
};

const torchtune: Names = {
  max_steps: ["max_steps_per_epoch"],
  packing: ["dataset.packed"],
  lora_r: ["model.lora_rank"],
  lora_alpha: ["model.lora_alpha"],
  lora_modules: ["model.lora_attn_modules"],
  model: ["model._component_"],
  optimizer: ["optimizer._component_"],
  logging_steps: ["log_every_n_steps"],
};

const deepspeed: Names = { bf16: ["bf16.enabled", "bfloat16.enabled"], fp16: ["fp16.enabled"] };

const names: ReadonlyMap<string, Names> = new Map([
  ["hf", hf],
  ["trl", trl],
  ["axolotl", axolotl],
  ["llama-factory", llamaFactory],
  ["ms-swift", { ...trl, adapter: ["tuner_type", "train_type"], lora_r: ["lora_rank"] }],
  ["torchtune", torchtune],
  ["deepspeed", deepspeed],
]);

const isOptionId = (option: LintOption): option is OptionId => optionIds.some((id) => id === option);

/** The spellings of an option in a dialect, the one to write first; none when the trainer has no such option. */
export function spellingsOf(option: LintOption, dialect: string): readonly string[] {
  const own = names.get(dialect)?.[option];
  if (own !== undefined) return own;
  if (!isOptionId(option)) return [];
  const known = dialects.find(({ id }) => id === dialect);
  if (known?.options[option] === undefined) return [];
  const name = nameOf(known, option);
  return [name.key, ...(name.also ?? [])];
}
