import { at } from "../../base/statistics.ts";
import { optional } from "../fact.ts";
import { loss } from "../facts/loss.ts";
import { lossOfNumbers } from "../facts/non-finite.ts";
import { objective } from "../facts/trainer.ts";
import { defineSign } from "../rule.ts";

export const zeroPolicyLoss = defineSign({
  id: "zero-policy-loss",
  needs: { loss, objective, lost: optional(lossOfNumbers) },
  explain({ loss: rows, objective: kind, lost }) {
    // Logged with four digits, so that the first losses of about 1e-8 are printed as 0.
    if (kind !== "reinforcement" || lost !== null || !(Math.abs(at(rows.value, 0)) < 1e-4)) return [];
    return [
      {
        sign: "The loss starts at 0.",
        why: "In GRPO and PPO the first policy equals the one that sampled, and advantages average to 0, so the loss does too while its gradient does not. Watch the reward and the KL divergence (open-r1#239, trl#2703).",
      },
    ];
  },
});
