import { say } from "../../numbers.ts";
import { defineCheck } from "../check.ts";
import { planOf } from "../plan.ts";

const source = "https://huggingface.co/docs/transformers/main_classes/trainer#transformers.TrainingArguments";

export const intervalBeyondEnd = defineCheck({
  id: "interval-beyond-end",
  title: "Never evaluated or logged before the end",
  why: "What happens every n steps does not happen in a run of fewer.",
  source,
  begin: (context) => ({
    end(seen) {
      const { settings } = context;
      const plan = planOf(context, seen);
      if (settings === null || plan === undefined)
        return { missing: ["configuration, and the length of the run (max_steps, or the data)"] };
      const drafts = [];
      for (const [option, what, harm] of [
        ["eval_steps", "evaluations", "no evaluation comes"],
        ["logging_steps", "log lines", "no loss is logged"],
      ] as const) {
        const every = settings.number(option);
        const isOff =
          option === "eval_steps" &&
          /^(no|epoch)$/.test(settings.word("eval_strategy") ?? (settings.dialect === "axolotl" ? "steps" : "no"));
        // Below 1 it is a share of the run.
        if (every === undefined || every < 1 || every <= plan.steps || isOff) continue;
        drafts.push({
          severity: "warning" as const,
          message: `${settings.keyOf(option)} is ${say(every)}, but the run has ${say(plan.steps)} steps (${plan.why}): ${harm} before the end.`,
          where: settings.where(option),
          advice: [
            settings.advice({
              id: "shorter-interval",
              summary: `Make the interval of ${what} a part of the run.`,
              changes: [
                settings.change(option, Math.max(1, Math.floor(plan.steps / (option === "eval_steps" ? 5 : 50)))),
              ],
              expect: "A curve instead of a single point.",
              source,
            }),
          ],
        });
      }
      return drafts;
    },
  }),
});
