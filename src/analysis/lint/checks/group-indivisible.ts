import { say } from "../../numbers.ts";
import { defineSettingsCheck } from "../check.ts";

const source = "https://huggingface.co/docs/trl/grpo_trainer#trl.GRPOConfig.num_generations";

export const groupIndivisible = defineSettingsCheck({
  id: "group-indivisible",
  title: "Batch does not hold whole groups",
  why: "GRPO compares completions of the same prompt: a batch must hold whole groups, and a group more than one.",
  source,
  check(settings, { worldSize }) {
    const group = settings.number("num_generations");
    if (group === undefined) return { missing: ["num_generations"] };
    if (group < 2)
      return [
        {
          severity: "error",
          title: "A group of one has no advantage",
          message: `num_generations is ${say(group)}: every advantage is 0, and so is every gradient.`,
          where: settings.where("num_generations"),
          advice: [
            settings.advice({
              id: "group-size",
              summary: "Generate 8 completions of each prompt.",
              changes: [settings.change("num_generations", 8)],
              expect: "frac_reward_zero_std below 1.",
              source,
            }),
          ],
        },
      ];
    const perDevice = settings.rowsPerDeviceStep;
    if (perDevice === undefined || worldSize === null) {
      // Of an unknown number of devices only a batch that no number can fix is wrong; there is none.
      return { missing: ["batch size and --world-size"] };
    }
    const steps = settings.number("steps_per_generation");
    const batch =
      settings.number("generation_batch_size") ??
      (steps === undefined ? perDevice : (settings.number("batch_size") ?? 8) * steps) * worldSize;
    if (batch % group === 0) return [];
    return [
      {
        severity: "error",
        message: `A batch of ${say(batch)} completions on ${worldSize} device${worldSize === 1 ? "" : "s"} does not divide into groups of ${say(group)}.`,
        where: settings.where("num_generations"),
        advice: [
          settings.advice({
            id: "whole-groups",
            summary: "Make batch x accumulation x devices a multiple of num_generations.",
            changes: [settings.change("gradient_accumulation_steps", group)],
            expect: "The run starts.",
            source,
          }),
        ],
      },
    ];
  },
});
