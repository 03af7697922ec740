import type { LintDraft } from "../check.ts";
import { defineCheck } from "../check.ts";
import type { LintOption } from "../option-names.ts";
import { asNumber } from "../settings.ts";

const source = "https://huggingface.co/docs/transformers/deepspeed#deepspeed-and-trainer-parameters";

/** Values that Trainer fills in for "auto" and compares otherwise. */
const pairs: readonly (readonly [key: string, option: LintOption])[] = [
  ["train_micro_batch_size_per_gpu", "batch_size"],
  ["gradient_accumulation_steps", "gradient_accumulation_steps"],
  ["gradient_clipping", "max_grad_norm"],
  ["optimizer.params.lr", "learning_rate"],
  ["optimizer.params.weight_decay", "weight_decay"],
  ["scheduler.params.warmup_max_lr", "learning_rate"],
  ["scheduler.params.warmup_num_steps", "warmup_steps"],
];

export const deepspeedMismatch = defineCheck({
  id: "deepspeed-mismatch",
  title: "DeepSpeed and trainer disagree",
  why: "Trainer refuses values that differ, and where it does not, one of the two silently wins.",
  source,
  begin: ({ settings, deepspeed }) => ({
    end() {
      if (settings === null || deepspeed === null || settings === deepspeed)
        return { missing: ["configuration of a trainer and of DeepSpeed"] };
      const drafts: LintDraft[] = [];
      for (const [key, option] of pairs) {
        const theirs = asNumber(deepspeed.raw(key));
        const ours = settings.number(option);
        // A warm-up below 1 is a share of the run.
        if (theirs === undefined || ours === undefined || theirs === ours || (option === "warmup_steps" && ours < 1))
          continue;
        drafts.push(draft(key, theirs, `${settings.keyOf(option) ?? option} is ${ours}`));
      }
      for (const option of ["bf16", "fp16"] as const) {
        const theirs = deepspeed.flag(option);
        const ours = settings.flag(option);
        const key = deepspeed.keyOf(option) ?? option;
        if (theirs !== undefined && ours !== undefined && theirs !== ours)
          drafts.push(draft(key, theirs, `${option} is ${ours}`));
      }
      return drafts;

      function draft(key: string, value: number | boolean, other: string): LintDraft {
        return {
          severity: "error",
          message: `${key} is ${value} for DeepSpeed, while ${other} in ${settings?.file ?? ""}.`,
          where: deepspeed?.whereKey(key) ?? { file: "" },
          advice: [
            {
              id: "auto",
              summary: "Let the trainer fill in its own value.",
              changes: [{ key, from: value, to: "auto" }],
              dialect: "deepspeed",
              expect: "One place decides, and the run starts.",
              source,
            },
          ],
        };
      }
    },
  }),
});
