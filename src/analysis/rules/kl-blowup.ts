import { at } from "../../base/statistics.ts";
import { rank, type Suspect } from "../causes.ts";
import { defineFact, optional } from "../fact.ts";
import { estrangement } from "../facts/estrangement.ts";
import { rowBefore } from "../facts/curve.ts";
import { klShape, type KlShape } from "../facts/kl-shape.ts";
import { say, saySteps } from "../numbers.ts";
import {
  aroundPolicy,
  klSuspect,
  lowerPolicyRate,
  type PolicyAround,
  policyEvidence,
  policyNeeds,
  raiseKl,
  rateSuspect,
  syncSuspect,
} from "../policy.ts";
import { defineRule } from "../rule.ts";

const leastRows = 12;
/** A reward that rises pays for a growing distance, up to this many times the floor. */
const payableFloors = 10;

const enough = defineFact<KlShape>({
  id: `kl, ${leastRows} rows of it`,
  derive(_run, get) {
    const shape = get(klShape);
    return shape !== undefined && shape.rows.length >= leastRows ? shape : undefined;
  },
});

export const klBlowup = defineRule({
  id: "kl-blowup",
  title: "KL divergence blows up",
  why: "The policy has left the model that it started from, and with it language that makes sense.",
  needs: { shape: enough, estranged: optional(estrangement), ...policyNeeds },
  signOf: [
    "masked-labels",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "reference-mismatch",
    "entropy-collapse",
    "length-explosion",
    "policy-collapse",
  ],
  check({ shape, estranged, ...facts }) {
    const { rows, growth, negative, floor } = shape;
    const last = rows.length - 1;
    const now = at(rows.smooth, last);
    if (estranged !== null) {
      const { rows: beyond, row, step } = estranged;
      const around = aroundPolicy(facts, step);
      const isPaid = around.rewardMoved === "rose";
      const stepBefore = at(beyond.step, Math.max(0, row - 1));
      const excess = at(beyond.smooth, beyond.length - 1);
      return [
        {
          severity: isPaid ? "warning" : "error",
          message: `KL divergence to the reference model rose to ${say(now)} since step ${step}, ${say(excess)} more than the entropy that the policy lost: its text is ${say(Math.round(10 * Math.exp(excess)) / 10)} times less likely to the reference, token by token, than at the start${isPaid ? ". The reward rises with it, as when it is exploited" : ""}.`,
          onset: { step },
          end: null,
          recovered: false,
          evidence: [
            { series: rows.series, step, value: at(rows.value, rowBefore(rows, step)), note: "leaves its start" },
            { series: rows.series, step: at(rows.step, last), value: at(rows.value, last), note: "last row" },
            {
              series: rows.series,
              step: stepBefore,
              value: at(rows.value, rowBefore(rows, stepBefore)),
              note: "row before",
            },
            ...policyEvidence(around, rows.series),
          ],
          causes: rank([klSuspect(around, 0.4), rateSuspect(around, 0.3), syncSuspect(around, 0.1)]),
          advice: [...raiseKl(around), ...lowerPolicyRate(around)],
        },
      ];
    }
    if (growth !== null) {
      const around = aroundPolicy(facts, growth.step);
      const isPaid = around.rewardMoved === "rose";
      if (isPaid && now < payableFloors * floor) return [];
      return [
        {
          severity: isPaid ? "warning" : "error",
          message: `KL divergence to the reference model rose from ${say(growth.usual)} to ${say(now)} in the ${saySteps(rows.length - growth.row)} since step ${growth.step} and stays there${around.rewardMoved === null ? "" : isPaid ? "; the reward rises with it, as when it is exploited" : around.rewardMoved === "fell" ? ", while the reward fell" : ", and the reward gains nothing"}.`,
          onset: { step: growth.step },
          end: null,
          recovered: false,
          evidence: [
            {
              series: rows.series,
              step: at(rows.step, Math.max(0, growth.row - 1)),
              value: at(rows.value, Math.max(0, growth.row - 1)),
              note: `last row in its band, usually ${say(growth.usual)}`,
            },
            { series: rows.series, step: growth.step, value: at(rows.value, growth.row), note: "leaves its band" },
            { series: rows.series, step: at(rows.step, last), value: at(rows.value, last), note: "last row" },
            ...policyEvidence(around, rows.series),
          ],
          causes: rank([rateSuspect(around, 0.4), klSuspect(around, 0.35), syncSuspect(around, 0.1)]),
          advice: [...raiseKl(around), ...lowerPolicyRate(around)],
        },
      ];
    }
    if (negative === null) return [];
    const around = aroundPolicy(facts, negative.step);
    return [
      {
        title: "KL divergence is negative",
        severity: "warning",
        message: `KL divergence to the reference model has been below 0 since step ${negative.step} (${say(now)}). A divergence can't be: completions are not samples of the policy that is measured.`,
        onset: { step: negative.step },
        end: null,
        recovered: false,
        evidence: [
          { series: rows.series, step: negative.step, value: at(rows.value, negative.row), note: "first row of it" },
          { series: rows.series, step: at(rows.step, last), value: at(rows.value, last), note: "last row" },
        ],
        causes: rank([samplingSuspect(around), syncSuspect(around, 0.3)]),
        advice: [
          {
            id: "sample-plainly",
            summary:
              "Sample from the policy as it is: temperature 1, top_k 0, top_p 1, no minimum length, the padding token masked; and update the sampler's weights at every step.",
            changes: [facts.options.change("temperature", 1)],
            dialect: facts.options.dialect,
            expect: "The KL divergence is 0 at the start and positive from then on.",
            source: "https://huggingface.co/docs/trl/v0.11.0/how_to_train",
          },
        ],
      },
    ];
  },
});

function samplingSuspect({ options: settings }: PolicyAround): Suspect {
  const temperature = settings.number("temperature");
  return {
    id: "sampling-not-the-policy",
    statement:
      "The sampler changes the distribution: temperature, top-k, top-p, a minimum length, padding that counts.",
    prior: 0.5,
    clues: [
      {
        present: temperature === undefined ? null : temperature !== 1,
        for: `the sampling temperature is ${say(temperature ?? 1)}`,
        against: "the sampling temperature is 1",
        weight: 2,
      },
    ],
  };
}
