import { say } from "../../numbers.ts";
import { defineCheck } from "../check.ts";
import { planOf } from "../plan.ts";

const source = "https://github.com/google-research/tuning_playbook";

/** The tuning playbook warms up for at most 10% of the steps; beyond half of them the rate hardly reaches its peak. */
const highestShare = 0.5;

export const longWarmup = defineCheck({
  id: "long-warmup",
  title: "Warm-up is longer than the run",
  why: "The learning rate never reaches the value that was set.",
  source,
  begin: (context) => ({
    end(seen) {
      const { settings } = context;
      if (settings === null) return { missing: ["configuration"] };
      const set = settings.number("warmup_steps");
      const ratio = settings.number("warmup_ratio") ?? (set !== undefined && set > 0 && set < 1 ? set : undefined);
      const key = settings.number("warmup_ratio") === undefined ? "warmup_steps" : "warmup_ratio";
      // Steps win over the ratio where both are set.
      const steps = set !== undefined && set >= 1 ? set : undefined;
      if (steps === undefined) {
        if (ratio === undefined || ratio <= highestShare) return [];
        return [
          draft(settings.where(key), `The warm-up takes ${say(ratio * 100)}% of the run.`, ratio >= 1, [
            settings.change(key, 0.05),
          ]),
        ];
      }
      const plan = planOf(context, seen);
      if (plan === undefined) return { missing: ["length of the run (max_steps, or the data)"] };
      if (steps <= plan.steps * highestShare) return [];
      const isLonger = steps >= plan.steps;
      return [
        draft(
          settings.where("warmup_steps"),
          `The warm-up takes ${say(steps)} steps; the run has ${say(plan.steps)} (${plan.why}).`,
          isLonger,
          [settings.change("warmup_steps", Math.max(1, Math.round(plan.steps * 0.05)))],
        ),
      ];

      function draft(
        where: ReturnType<NonNullable<typeof settings>["where"]>,
        message: string,
        isWhole: boolean,
        changes: { key: string; from: string | number | boolean | null; to: string | number | boolean | null }[],
      ) {
        return {
          severity: isWhole ? ("error" as const) : ("warning" as const),
          ...(isWhole ? {} : { title: "Warm-up takes most of the run" }),
          message:
            `${message} The learning rate ${isWhole ? "never reaches" : "is below"} its set value ${isWhole ? "" : "most of the time"}`.trim() +
            ".",
          where,
          advice: [
            {
              id: "short-warmup",
              summary: "Warm up for 3 to 10% of the steps.",
              changes,
              dialect: settings?.dialect ?? null,
              expect: "The logged learning rate reaches its set value early in the run.",
              source,
            },
          ],
        };
      }
    },
  }),
});
