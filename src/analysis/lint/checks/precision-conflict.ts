import { defineCheck } from "../check.ts";

const source = "https://huggingface.co/docs/transformers/perf_train_gpu_one#mixed-precision";

export const precisionConflict = defineCheck({
  id: "precision-conflict",
  title: "fp16 and bf16 are both on",
  why: "Trainers stop at start, since a run has one precision.",
  source,
  begin: ({ settings, deepspeed }) => ({
    end() {
      const given = [...new Set([settings, deepspeed])].filter((each) => each !== null);
      if (given.length === 0) return { missing: ["configuration"] };
      return given
        .filter((each) => each.flag("bf16") === true && each.flag("fp16") === true)
        .map((each) => ({
          severity: "error" as const,
          message: `${each.keyOf("bf16")} and ${each.keyOf("fp16")} are both true.`,
          where: each.where("fp16"),
          advice: [
            each.advice({
              id: "one-precision",
              summary: "Keep bf16 where the device has it (Ampere and newer); it needs no loss scaling.",
              changes: [each.change("fp16", false)],
              expect: "The run starts, and no overflow is skipped.",
              source,
            }),
          ],
        }));
    },
  }),
});
