import { at } from "../../base/statistics.ts";
import type { Advice, Evidence } from "../../model/finding.ts";
import { rank } from "../causes.ts";
import { defineFact, optional } from "../fact.ts";
import { epochs as passesOf } from "../facts/epochs.ts";
import { exposure } from "../facts/exposure.ts";
import { type Generalization, generalization, overfitPatience } from "../facts/generalization.ts";
import { type QualityTurn, qualityTurn } from "../facts/quality-turn.ts";
import { type Options, options } from "../facts/options.ts";
import { supervisedLoss } from "../facts/supervised-loss.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";
import { overfitSuspects } from "../suspects/overfit.ts";

/** How it is told: by a held-out loss, or, where none is measured, by the quality on held-out data. */
interface Held {
  readonly loss: Generalization | null;
  readonly quality: QualityTurn | null;
}

const heldOut = defineFact<Held>({
  id: generalization.id,
  derive(_run, get) {
    const loss = get(generalization) ?? null;
    const quality = get(qualityTurn) ?? null;
    return loss === null && quality === null ? undefined : { loss, quality };
  },
});

export const overfitting = defineRule({
  id: "overfitting",
  title: "Overfitting",
  why: "The model learns the training examples by heart and becomes worse on all others.",
  needs: {
    held: heldOut,
    train: optional(supervisedLoss),
    passes: optional(passesOf),
    seen: optional(exposure),
    options,
  },
  signOf: ["masked-labels", "hidden-non-finite-loss", "non-finite-loss", "loss-divergence", "preference-degeneration"],
  check({ held: { loss, quality }, train, passes, seen, options: settings }) {
    const lastTrain = train === null ? Number.NaN : at(train.value, train.length - 1);
    const told =
      loss !== null && loss.isOverfitted && loss.onsetStep !== null
        ? toldByLoss(loss, loss.onsetStep, lastTrain)
        : loss === null && quality !== null
          ? toldByQuality(quality)
          : null;
    if (told === null) return [];
    const { best, last } = told;
    return [
      {
        severity: "warning",
        message: told.message,
        onset: { step: told.onset },
        end: null,
        recovered: false,
        evidence: [
          ...told.evidence,
          ...(train === null
            ? []
            : [
                {
                  series: train.series,
                  step: at(train.step, train.length - 1),
                  value: lastTrain,
                  note: `training loss, ${say(told.trainChange)} since the best evaluation`,
                },
              ]),
        ],
        causes: rank(
          overfitSuspects({
            held: loss,
            level: lastTrain,
            options: settings,
            passes: passes === null ? null : passes.starts.length,
            drops: seen?.drops.length ?? 0,
          }),
        ),
        advice: [
          {
            id: "keep-best",
            summary: `Stop where ${told.what} is best, and use the checkpoint of step ${best.step}.`,
            changes: [settings.change("keep_best", true), settings.change("early_stopping_patience", overfitPatience)],
            dialect: settings.dialect,
            expect: `${told.what.replace(/^./, (letter) => letter.toUpperCase())} stays at ${say(best.value)} instead of ${say(last.value)}.`,
            source: settings.source,
          },
          ...lessAndRegularised(best.step, best.step / last.step, settings),
        ],
      },
    ];
  },
});

interface Told {
  readonly what: string;
  readonly message: string;
  readonly onset: number;
  readonly best: { readonly step: number; readonly value: number };
  readonly last: { readonly step: number; readonly value: number };
  readonly trainChange: number;
  readonly evidence: readonly Evidence[];
}

function toldByLoss(
  { evals, best, last, worse, improved, trainChange }: Generalization,
  onset: number,
  train: number,
): Told {
  const metric =
    improved === null
      ? ""
      : ` ${improved.series} still improves (${say(improved.from)} to ${say(improved.to)}), but the model is becoming surer of its mistakes.`;
  return {
    what: "held-out loss",
    message: `Held-out loss was best at step ${best.step} (${say(best.value)}) and has been worse in the last ${worse} evaluations, ${say(last.value)} now, while training loss fell${Number.isNaN(train) ? "" : ` to ${say(train)}`}.${metric}`,
    onset,
    best,
    last,
    trainChange,
    evidence: [
      { series: evals.series, step: best.step, value: best.value, note: "best held-out loss" },
      { series: evals.series, step: last.step, value: last.value, note: "last held-out loss" },
    ],
  };
}

const toldByQuality = ({ metric, best, last, worse, onsetStep, train }: QualityTurn): Told => ({
  what: metric.name,
  message: `${metric.name} was best at step ${best.step} (${say(best.value)}) and has been worse in the last ${worse} evaluations, ${say(last.value)} now, while training loss fell from ${say(train.atBest)} to ${say(train.now)}.`,
  onset: onsetStep,
  best,
  last,
  trainChange: train.now - train.atBest,
  evidence: [
    { series: metric.series, step: best.step, value: best.value, note: "best held-out quality" },
    { series: metric.series, step: last.step, value: last.value, note: "last held-out quality" },
  ],
});

/** Train to the best evaluation, `share` of the run, and keep the model from fitting noise. */
function lessAndRegularised(bestStep: number, share: number, settings: Options): Advice[] {
  const epochs = settings.number("epochs");
  // A number of steps overrides the number of epochs in the trainers that have both.
  const steps = settings.number("max_steps") ?? 0;
  const decay = settings.number("weight_decay");
  const dropout = settings.number("dropout");
  return [
    {
      id: "fewer-epochs",
      summary: "Train for less long: only as far as the held-out loss falls.",
      changes: [
        steps > 0
          ? settings.change("max_steps", bestStep)
          : settings.change("epochs", epochs === undefined ? 1 : Math.max(1, Math.round(epochs * share * 10) / 10)),
      ],
      dialect: settings.dialect,
      expect: "The schedule ends near the best held-out loss, which is usually lower with the rate decayed to 0 there.",
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
  ];
}
