import { say } from "../../numbers.ts";
import { defineSettingsCheck } from "../check.ts";

const source = "https://huggingface.co/docs/trl/dpo_trainer#trl.DPOConfig.beta";

/** DPO's beta is 0.01 to 0.5 in published recipes; SimPO takes 2 to 10 and IPO up to 1, so that only 0 is wrong for all. */
export const preferenceBeta = defineSettingsCheck({
  id: "preference-beta",
  title: "beta is 0",
  why: "beta scales the reward of preference tuning: at 0 the loss is constant and nothing is learned.",
  source,
  check(settings) {
    const beta = settings.number("beta");
    if (beta === undefined || settings.stage !== "preference") return { missing: ["beta of preference tuning"] };
    if (beta > 0) return [];
    return [
      {
        severity: "error",
        message: `beta is ${say(beta)}: the loss is ln 2 whatever the model says, and its gradient 0.`,
        where: settings.where("beta"),
        advice: [
          settings.advice({
            id: "beta",
            summary: "Start from 0.1.",
            changes: [settings.change("beta", 0.1)],
            expect: "rewards/margins leaves 0.",
            source,
          }),
        ],
      },
    ];
  },
});
