import { rank } from "../causes.ts";
import { isRepeated, repetition } from "../facts/repetition.ts";
import { options } from "../facts/options.ts";
import { objective } from "../facts/trainer.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/**
 * A fixed order of well-mixed batches repeats the differences between them, which costs little: they have nothing in
 * common with their neighbours. Recorded ones (packed, tagger) reach a height of 0.21 and a smoothness of -0.4 to 0.26;
 * data of one kind after the other 0.5 to 0.6 and 0.24 to 0.36 at five rows a kind, and near 1 at more.
 */
const harmful = [
  { height: 0.15, smoothness: 0.5 },
  { height: 0.35, smoothness: 0.2 },
] as const;
/** Lower ones are within what the reader would call noise. */
const visibleHeight = 0.03;

export const dataRepeated = defineRule({
  id: "data-repeated",
  title: "Data comes in the same order again and again",
  why: "The model follows the order instead of the data: it forgets one part while it sees the next, and each loss depends on the place in the data.",
  needs: { pattern: repetition, objective, options },
  signOf: ["masked-labels", "hidden-non-finite-loss", "non-finite-loss"],
  leadsTo: ["loss-divergence", "loss-spike"],
  check({ pattern, objective: kind, options: settings }) {
    if (kind !== "supervised" || !isRepeated(pattern) || !(pattern.height >= visibleHeight)) return [];
    const isHarmful = harmful.some((bar) => pattern.height >= bar.height && pattern.smoothness >= bar.smoothness);
    return [
      {
        severity: isHarmful ? "warning" : "info",
        message: `The loss makes the same pattern ${pattern.count} times, once ${pattern.isEpoch ? "per epoch" : "in"} ${pattern.isEpoch ? `of ${say(pattern.periodSteps)} steps` : `${say(pattern.periodSteps)} steps`}: it ranges over ${say(Math.round(100 * pattern.height))} % of its level, and one period is ${say(Math.round(100 * pattern.likeness))} % like the next.`,
        onset: { step: pattern.again },
        end: null,
        recovered: false,
        evidence: [
          {
            series: pattern.rows.series,
            step: pattern.peak.step,
            value: pattern.peak.value,
            note: "highest place of the second period",
          },
        ],
        causes: rank([
          {
            id: "data-order-not-shuffled",
            statement: "Examples are sorted or not shuffled, so that the batches come in one fixed order.",
            prior: 0.6,
            clues: [
              {
                present: isHarmful,
                for: "neighbouring batches are alike and distant ones are not",
                against: "the pattern is small, as of well-mixed batches in a fixed order",
                weight: 1.5,
              },
            ],
          },
          {
            id: "data-seen-again",
            statement: "The loader starts over at the same place, and the data behind it is never reached.",
            prior: 0.2,
            clues: [
              {
                present: !pattern.isEpoch,
                for: "the period is not known to be an epoch",
                against: "the period is an epoch",
                weight: 1.5,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "shuffle",
            summary:
              "Shuffle the examples, anew in each epoch (a DistributedSampler needs set_epoch; a streamed data set a shuffle buffer larger than a block of one kind).",
            changes: settings.has("shuffle") ? [settings.change("shuffle", true)] : [],
            dialect: settings.dialect,
            expect: "The pattern is gone, and the loss falls more evenly.",
            source: "https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler",
          },
        ],
      },
    ];
  },
});
