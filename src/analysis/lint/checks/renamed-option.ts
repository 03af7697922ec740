import type { LintDraft } from "../check.ts";
import { defineSettingsCheck } from "../check.ts";

/** Old name, new name, since when, and in which dialects. Scripts are judged too: the call fails or the value is ignored. */
const renamed: readonly {
  from: string;
  to: string;
  since: string;

  dialects: readonly string[];
  source: string;
}[] = [
  {
    from: "evaluation_strategy",
    to: "eval_strategy",
    since: "transformers 4.46",
    dialects: ["hf", "trl", "llama-factory"],
    source: "https://github.com/huggingface/transformers/pull/30190",
  },
  {
    from: "max_seq_length",
    to: "max_length",
    since: "TRL 0.20",
    dialects: ["trl"],
    source: "https://huggingface.co/docs/trl/sft_trainer#trl.SFTConfig",
  },
  {
    from: "warmup_ratio",
    to: "warmup_steps",
    since: "transformers 5, where a value below 1 is a share",
    dialects: ["hf", "trl"],
    source: "https://github.com/huggingface/transformers/pull/41326",
  },
  {
    from: "per_gpu_train_batch_size",
    to: "per_device_train_batch_size",
    since: "transformers 4",
    dialects: ["hf", "trl", "llama-factory"],
    source: "https://huggingface.co/docs/transformers/main_classes/trainer#transformers.TrainingArguments",
  },
];

export const renamedOption = defineSettingsCheck({
  id: "renamed-option",
  title: "Option has another name now",
  why: "Current versions refuse or ignore the old name.",
  source: "https://github.com/huggingface/transformers/blob/main/MIGRATION_GUIDE_V5.md",
  check(settings) {
    // A run that reports it has a version that knows it.
    if (settings.origin === "run") return [];
    return renamed.flatMap(({ from, to, since, dialects, source }): LintDraft[] => {
      const value = settings.raw(from);
      if (value === undefined || value === null || !dialects.includes(settings.dialect)) return [];
      // Unsloth's loader has a max_seq_length of its own.
      if (
        from === "max_seq_length" &&
        settings.origin === "script" &&
        !/(SFTConfig|SFTTrainer)\s*\([^()]*(\([^()]*\)[^()]*)*max_seq_length/s.test(settings.text)
      )
        return [];
      return [
        {
          // Current versions stop at it with a clear message; older, pinned ones need it.
          severity: "info",
          message: `${from} is called ${to} since ${since}.`,
          where: settings.whereKey(from),
          source,
          advice: [
            settings.advice({
              id: "new-name",
              summary: "Use the new name, unless an older version is pinned.",
              changes: [
                { key: from, from: value, to: null },
                { key: to, from: null, to: value },
              ],
              expect: "The setting takes effect.",
              source,
            }),
          ],
        },
      ];
    });
  },
});
