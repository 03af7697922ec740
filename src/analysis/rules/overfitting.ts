import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { epochs as passesOf } from "../facts/epochs.ts";
import { exposure } from "../facts/exposure.ts";
import { generalization, overfitPatience } from "../facts/generalization.ts";
import { options } from "../facts/options.ts";
import { supervisedLoss } from "../facts/supervised-loss.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";
import { overfitSuspects } from "../suspects/overfit.ts";

export const overfitting = defineRule({
  id: "overfitting",
  title: "Overfitting",
  why: "The model learns the training examples by heart and becomes worse on all others.",
  needs: {
    held: generalization,
    train: optional(supervisedLoss),
    passes: optional(passesOf),
    seen: optional(exposure),
    options,
  },
  signOf: ["masked-labels", "hidden-non-finite-loss", "non-finite-loss", "loss-divergence", "preference-degeneration"],
  check({ held, train, passes, seen, options: settings }) {
    if (!held.isOverfitted || held.onsetStep === null) return [];
    const { improved } = held;
    const epochs = settings.number("epochs");
    // A number of steps overrides the number of epochs in the trainers that have both.
    const steps = settings.number("max_steps") ?? 0;
    const decay = settings.number("weight_decay");
    const dropout = settings.number("dropout");
    const lastTrain = train === null ? Number.NaN : at(train.value, train.length - 1);
    const share = held.best.step / held.last.step;
    const metric =
      improved === null
        ? ""
        : ` ${improved.series} still improves (${say(improved.from)} to ${say(improved.to)}), but the model is becoming surer of its mistakes.`;
    return [
      {
        severity: "warning",
        message: `Held-out loss was best at step ${held.best.step} (${say(held.best.value)}) and has been worse in the last ${held.worse} evaluations, ${say(held.last.value)} now, while training loss fell${Number.isNaN(lastTrain) ? "" : ` to ${say(lastTrain)}`}.${metric}`,
        onset: { step: held.onsetStep },
        end: null,
        recovered: false,
        evidence: [
          { series: held.evals.series, step: held.best.step, value: held.best.value, note: "best held-out loss" },
          { series: held.evals.series, step: held.last.step, value: held.last.value, note: "last held-out loss" },
          ...(train === null
            ? []
            : [
                {
                  series: train.series,
                  step: at(train.step, train.length - 1),
                  value: lastTrain,
                  note: `training loss, ${say(held.trainChange)} since the best evaluation`,
                },
              ]),
        ],
        causes: rank(
          overfitSuspects({
            held,
            level: lastTrain,
            options: settings,
            passes: passes === null ? null : passes.starts.length,
            drops: seen?.drops.length ?? 0,
          }),
        ),
        advice: [
          {
            id: "keep-best",
            summary: `Stop where the held-out loss is best, and use the checkpoint of step ${held.best.step}.`,
            changes: [settings.change("keep_best", true), settings.change("early_stopping_patience", overfitPatience)],
            dialect: settings.dialect,
            expect: `Held-out loss stays at ${say(held.best.value)} instead of ${say(held.last.value)}.`,
            source: settings.source,
          },
          {
            id: "fewer-epochs",
            summary: "Train for less long: only as far as the held-out loss falls.",
            changes: [
              steps > 0
                ? settings.change("max_steps", held.best.step)
                : settings.change(
                    "epochs",
                    epochs === undefined ? 1 : Math.max(1, Math.round(epochs * share * 10) / 10),
                  ),
            ],
            dialect: settings.dialect,
            expect:
              "The schedule ends near the best held-out loss, which is usually lower with the rate decayed to 0 there.",
            source: "https://github.com/google-research/tuning_playbook",
          },
          {
            id: "regularise",
            summary: "Regularise: weight decay, dropout, and above all more or more varied data.",
            changes: [
              settings.change("weight_decay", decay === undefined || decay === 0 ? 0.1 : decay * 3),
              settings.change("dropout", dropout === undefined || dropout === 0 ? 0.1 : Math.min(0.3, dropout * 2)),
            ],
            dialect: settings.dialect,
            expect: "The gap between training and held-out loss grows later and slower.",
            source: "https://arxiv.org/abs/1711.05101",
          },
        ],
      },
    ];
  },
});
