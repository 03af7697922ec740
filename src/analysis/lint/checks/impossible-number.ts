import { say } from "../../numbers.ts";
import type { LintDraft } from "../check.ts";
import { defineSettingsCheck } from "../check.ts";
import type { LintOption } from "../option-names.ts";

const source = "https://huggingface.co/docs/transformers/main_classes/trainer#transformers.TrainingArguments";

/** Ranges outside of which a loader, a scheduler or an optimizer raises; `to` is what to set instead. */
const limits: readonly {
  readonly option: LintOption;
  readonly fits: (value: number) => boolean;
  readonly must: string;
  readonly to: number;
}[] = [
  { option: "batch_size", fits: isCount, must: "a whole number from 1", to: 8 },
  { option: "gradient_accumulation_steps", fits: isCount, must: "a whole number from 1", to: 1 },
  { option: "warmup_ratio", fits: (value) => value >= 0 && value <= 1, must: "between 0 and 1", to: 0.03 },
  { option: "weight_decay", fits: (value) => value >= 0 && value < Infinity, must: "0 or more", to: 0.01 },
  // 0 and below turn clipping off in several trainers.
  { option: "max_grad_norm", fits: (value) => !Number.isNaN(value), must: "a number", to: 1 },
  { option: "adam_beta2", fits: (value) => value >= 0 && value < 1, must: "from 0 to below 1", to: 0.999 },
  { option: "adam_epsilon", fits: (value) => value >= 0, must: "0 or more", to: 1e-8 },
  { option: "dropout", fits: (value) => value >= 0 && value <= 1, must: "between 0 and 1", to: 0 },
];

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

export const impossibleNumber = defineSettingsCheck({
  id: "impossible-number",
  title: "Number is outside what is possible",
  why: "The run stops at start, or computes with a number that nobody meant.",
  source,
  check(settings) {
    // What a run has trained with was possible there; -1 is "automatic" in some loops.
    if (settings.origin === "run") return { missing: ["configuration file"] };
    const drafts: LintDraft[] = [];
    let seen = 0;
    for (const { option, fits, must, to } of limits) {
      const value = settings.word(option) === "NaN" ? Number.NaN : settings.number(option);
      if (value === undefined) continue;
      seen += 1;
      if (fits(value)) continue;
      const key = settings.keyOf(option) ?? option;
      drafts.push({
        severity: "error",
        message: `${key} is ${say(value)}; it must be ${must}.`,
        where: settings.where(option),
        advice: [
          settings.advice({
            id: "possible-number",
            summary: `Set ${key} to ${say(to)} or what you meant.`,
            changes: [settings.change(option, to)],
            expect: "The run starts.",
            source,
          }),
        ],
      });
    }
    return seen === 0 ? { missing: ["batch size, warm-up or another number of the configuration"] } : drafts;
  },
});
