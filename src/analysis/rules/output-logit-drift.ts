import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { lossToSpike } from "../facts/enough-loss.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { logZ } from "../facts/log-z.ts";
import { options, precision, vocabularySize } from "../facts/options.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { lowerRate, surroundingsOf } from "../instability.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/**
 * A random start has log Z near ln(vocabulary), 4 to 12, and models that train well stay within some tens of it.
 * bf16 resolves 0.5 at 100, so from there on differences of logits are lost. Wortsman et al. (arXiv 2309.14322)
 * see runs diverge once it has drifted.
 */
const driftBar = 50;
const lostBar = 100;
/** It still moves when the last fifth of the run added this share of the way. */
const movingShare = 0.1;

export const outputLogitDrift = defineRule({
  id: "output-logit-drift",
  title: "Output logits drift away",
  why: "Softmax does not see a common shift of all logits, so nothing stops it until rounding and overflow destroy their differences.",
  needs: {
    logits: logZ,
    shape: optional(lossToSpike),
    rate: optional(learningRate),
    vocabulary: optional(vocabularySize),
    precision: optional(precision),
    setup: setupFact,
    options,
  },
  signOf: ["masked-labels", "non-finite-layer"],
  leadsTo: ["loss-divergence", "loss-spike", "non-finite-loss", "hidden-non-finite-loss", "gradient-explosion"],
  check({ logits: { rows, early, late, still, onsetRow }, shape, rate, precision: number, setup, options: settings }) {
    const way = Math.abs(late - early);
    if (!(way > driftBar) || !(Math.abs(late) > Math.abs(early))) return [];
    const isMoving = Math.sign(still) === Math.sign(late - early) && Math.abs(still) > movingShare * way;
    const step = at(rows.step, onsetRow);
    const isHarmed = shape !== null && (shape.drift !== null || shape.excursions.some((one) => one.step >= step));
    if (!isMoving && !isHarmed) return [];
    const around = surroundingsOf(step, { grad: null, rate, options: settings });
    return [
      {
        severity: Math.abs(late) > lostBar || isHarmed ? "warning" : "info",
        message: `The mean log Z of the output logits went from ${say(early)} to ${say(late)}${isMoving ? " and still moves" : ""}; it left its start after step ${step}.`,
        onset: { step },
        end: null,
        recovered: false,
        evidence: [
          { series: rows.series, step: at(rows.step, 0), value: at(rows.value, 0), note: "log Z at the start" },
          { series: rows.series, step, value: at(rows.value, onsetRow), note: "last row near the start" },
          {
            series: rows.series,
            step: at(rows.step, rows.length - 1),
            value: at(rows.value, rows.length - 1),
            note: "log Z now",
          },
        ],
        causes: rank([
          {
            id: "no-z-loss",
            statement: "Nothing holds the logits: no z-loss, and no weight decay on the output layer.",
            prior: 0.5,
            clues: [
              {
                present: settings.number("weight_decay") === undefined ? null : settings.number("weight_decay") === 0,
                for: "weight decay is 0",
                against: `weight decay is ${say(settings.number("weight_decay") ?? Number.NaN)}`,
                weight: 1.5,
              },
            ],
          },
          {
            id: "learning-rate-too-high",
            statement: "The learning rate is so high that the output layer is pushed further in each step.",
            prior: 0.3,
            clues: [
              {
                present: setup.isRateExtreme,
                for: `the learning rate is ${say(setup.rate ?? Number.NaN)}`,
                against: `a learning rate of ${say(setup.rate ?? Number.NaN)} is usual`,
                weight: 2,
              },
            ],
          },
          {
            id: "bf16-rounding",
            statement: "The logits are computed in 16 bits, whose rounding at this size pushes them further.",
            prior: 0.1,
            clues: [
              {
                present: number === null ? null : number !== "fp32",
                for: `training runs in ${number ?? ""}`,
                against: "training runs in fp32",
                weight: 1.5,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "add-z-loss",
            summary: "Add z-loss: 1e-4 times the mean of log Z squared, computed in fp32.",
            changes: settings.has("z_loss") ? [settings.change("z_loss", 1e-4)] : [],
            dialect: settings.dialect,
            expect: "log Z comes back to near 0 within some hundred steps, with the loss unchanged.",
            source: "https://arxiv.org/abs/2309.14322",
          },
          ...lowerRate(around, 3),
        ],
      },
    ];
  },
});
