import type { Scalar } from "../../model/config.ts";
import { numberOf } from "../number-text.ts";
import type { LineParser, Reading } from "./line-parser.ts";
import type { Plan, Progress } from "./progress.ts";

// transformers src/transformers/trainer.py, 4.x and 5.x: what `_inner_training_loop` logs first.
// Keys are TrainingArguments' own names where there is one.
const entries: readonly (readonly [label: RegExp, key: string, plan?: keyof Plan])[] = [
  [/^Num examples$/, "num_examples", "examples"],
  [/^Num Epochs$/, "num_train_epochs", "epochs"],
  [/^Num update steps per epoch$/, "num_update_steps_per_epoch", "stepsPerEpoch"],
  [/^Instantaneous batch size per device$/, "per_device_train_batch_size"],
  [/^Total train batch size/, "total_train_batch_size", "totalBatch"],
  [/^Gradient Accumulation steps$/i, "gradient_accumulation_steps", "accumulation"],
  [/^Total optimization steps$/, "max_steps", "maxSteps"],
  [/^Number of trainable parameters$/, "num_parameters"],
];

const entry = /^\s*([A-Z][\w ,.&()/-]{2,90}?) ?= ?([\d,_.]+)\s*$/;
// Version 4, then version 5.
const resumed =
  /^\s*Continuing training from global step ([\d,]+)|^\s*Resuming training from checkpoint with epoch [\d.]+ and global step ([\d,]+)/;

/** The "***** Running training *****" block: settings, and the plan by which steps are found. */
export const hfBlock: LineParser = {
  id: "hf-block",
  open(progress) {
    let block: "training" | "evaluation" | undefined;
    return ({ body }): Reading | undefined => {
      if (body.includes("*****")) {
        const title = /\*{5} Running (\w+)/.exec(body)?.[1]?.toLowerCase();
        if (title === undefined) return undefined;
        block = title === "training" ? "training" : "evaluation";
        if (block === "training") progress.restart();
        return { record: true, ...(block === "training" ? { dialect: "hf" } : {}) };
      }
      if (block === undefined) return undefined;
      const resume = resumed.exec(body);
      if (resume !== null) return continueFrom(progress, resume);
      const match = entry.exec(body);
      // Evaluation's block has "Batch size = 8" and its own number of examples: records, no settings.
      if (match === null || block === "evaluation") return undefined;
      return setting(progress, match[1] ?? "", match[2] ?? "");
    };
  },
};

function continueFrom(progress: Progress, match: RegExpExecArray): Reading {
  const at = numberOf(match[1] ?? match[2] ?? "");
  if (at !== undefined) progress.continueFrom(at);
  return { record: true };
}

function setting(progress: Progress, label: string, text: string): Reading | undefined {
  const found = entries.find(([pattern]) => pattern.test(label));
  const value = numberOf(text);
  if (found === undefined || value === undefined) return undefined;
  const [, key, plan] = found;
  if (plan !== undefined) progress.plan[plan] = value;
  const config: [string, Scalar][] = [[key, value]];
  return { config, record: true };
}
