import { spellingsOf } from "./spellings.ts";

/**
 * Settings that say where things go, how often something is written or who is told. They differ between
 * any two runs and change nothing that is learned.
 */
const bookkeeping =
  /(^|\.)(output_dir|out_dir|output_path|save_dir|save_path|save_folder|checkpoint_dir|ckpt_dir|log_dir|logging_dir|logdir|log_file|cache_dir|run_name|run_id|exp_name|experiment_name|job_name|name|group|tags?|notes|report_to|wandb\w*|mlflow\w*|comet\w*|tensorboard\w*|hub_\w+|push_to_hub|disable_tqdm|verbose|log_level|logging_first_step|logging_steps|logging_strategy|log_interval|log_freq|log_every_n_steps|eval_steps|eval_interval|eval_every|eval_strategy|evaluation_strategy|save_steps|save_strategy|save_total_limit|save_interval|save_every|timestamp|date|hostname|local_rank|master_port|master_addr|port|pid|_wandb|_name_or_path|overwrite_output_dir)$|(^|\.)(hf|transformers)_version$|^llmdbg\./i;

export const isBookkeeping = (key: string): boolean => bookkeeping.test(plain(key));

const seedNames = new Set([...spellingsOf("seed"), "random_seed", "rng_seed", "manual_seed", "seed_everything"]);

/** The seed of the training, not `data_seed`, which chooses what is learned. */
export const isSeed = (key: string): boolean => {
  const name = plain(key);
  return seedNames.has(name) || seedNames.has(name.slice(name.lastIndexOf(".") + 1));
};

const plain = (key: string): string => key.replace(/^-+/, "").replaceAll("-", "_");
