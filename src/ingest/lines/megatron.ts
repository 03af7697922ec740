import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";

// NVIDIA/Megatron-LM megatron/training/training.py, training_log and evaluate_and_print_results.
const training = /^ *iteration +(\d+)\/ *(\d+) \|(.*)$/;
const validation = /^ *validation loss at (?:iteration (\d+)|.*?) ?(?:on .*?)?\|(.*)$/;
const item = /^([A-Za-z][^:|]*): *([-+\d.eE]+|-?nan|-?inf)(?:\/[\d.]+)?$/i;

/** ` iteration 10/ 100 | consumed samples: 80 | ... | lm loss: 1.0E+01 | loss scale: 1.0 | grad norm: 2.5 | ...`. */
export const megatron: LineParser = {
  id: "megatron",
  first: "iv",
  open:
    (progress) =>
    ({ body }): Reading | undefined => {
      if (!body.includes("|")) return undefined;
      const match = training.exec(body);
      if (match !== null) {
        const metrics = items(match[3] ?? "", "");
        if (metrics.length === 0) return undefined;
        return { step: Number(match[1]), metrics, dialect: "megatron", config: [["train_iters", Number(match[2])]] };
      }
      const held = validation.exec(body);
      if (held === null) return undefined;
      const metrics = items(held[2] ?? "", "validation ");
      const step = held[1] === undefined ? (progress.lastStep ?? 0) : Number(held[1]);
      return { step, metrics, isEvaluation: true, dialect: "megatron" };
    },
};

/** Validation's `lm loss value: 5.4E+00` is named `validation lm loss`. */
function items(text: string, prefix: string): Metric[] {
  const metrics: Metric[] = [];
  for (const part of text.split("|")) {
    const [, name, value] = item.exec(part.trim()) ?? [];
    const number = value === undefined ? undefined : numberOf(value);
    if (name !== undefined && number !== undefined) metrics.push([prefix + name.replace(/ value$/, ""), number]);
  }
  return metrics;
}
