import { say } from "../../numbers.ts";
import { defineCheck } from "../check.ts";
import { asNumber } from "../settings.ts";

const source = "https://www.deepspeed.ai/docs/config-json/#batch-related-parameters";

export const deepspeedBatch = defineCheck({
  id: "deepspeed-batch",
  title: "DeepSpeed's batch sizes do not multiply",
  why: "DeepSpeed stops at start: train_batch_size must be micro-batch x accumulation x devices.",
  source,
  begin: ({ deepspeed, worldSize }) => ({
    end() {
      if (deepspeed === null) return { missing: ["DeepSpeed configuration"] };
      const total = asNumber(deepspeed.raw("train_batch_size"));
      const micro = asNumber(deepspeed.raw("train_micro_batch_size_per_gpu"));
      const accumulation = asNumber(deepspeed.raw("gradient_accumulation_steps"));
      if (total === undefined || micro === undefined)
        return { missing: ["train_batch_size and train_micro_batch_size_per_gpu as numbers"] };
      const perDevice = micro * (accumulation ?? 1);
      // Without accumulation DeepSpeed derives it, when the rest divides.
      const isRight =
        worldSize === null
          ? total % perDevice === 0
          : accumulation === undefined
            ? total % (micro * worldSize) === 0
            : total === perDevice * worldSize;
      if (isRight) return [];
      const to = perDevice * (worldSize ?? 1);
      const devices = `${worldSize} device${worldSize === 1 ? "" : "s"}`;
      return [
        {
          severity: "error",
          message: `train_batch_size is ${say(total)}, but ${say(micro)} a micro-batch${accumulation === undefined ? "" : ` x ${say(accumulation)} accumulated`} ${worldSize === null ? `cannot make ${say(total)} on any number of devices` : accumulation === undefined ? `does not divide it on ${devices}` : `makes ${say(to)} on ${devices}`}.`,
          where: deepspeed.whereKey("train_batch_size"),
          advice: [
            {
              id: "batch-product",
              summary: "Leave train_batch_size out, or set it to the product.",
              changes: [{ key: "train_batch_size", from: total, to: worldSize === null ? null : to }],
              dialect: "deepspeed",
              expect: "DeepSpeed starts.",
              source,
            },
          ],
        },
      ];
    },
  }),
});
