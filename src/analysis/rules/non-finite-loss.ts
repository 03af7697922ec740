import { at } from "../../base/statistics.ts";
import { toWire } from "../../model/number.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { evalLoss } from "../facts/eval-loss.ts";
import { type Curve, defineFold } from "../fold.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { logLines } from "../facts/log-lines.ts";
import { loss } from "../facts/loss.ts";
import { lossScale } from "../facts/loss-scale.ts";
import { lossOfNumbers } from "../facts/non-finite.ts";
import { options, precision } from "../facts/options.ts";
import { objective } from "../facts/trainer.ts";
import { say, saySteps } from "../numbers.ts";
import { type FindingDraft, defineRule } from "../rule.ts";
import { overflowAdvice, overflowSuspects, readPrelude } from "../prelude.ts";

export const nonFiniteLoss = defineRule({
  id: "non-finite-loss",
  title: "Loss is not a number",
  why: "From the first NaN that reaches the weights on, every further step is computed for nothing.",
  needs: {
    loss,
    lost: optional(lossOfNumbers),
    grad: optional(gradShape),
    rate: optional(learningRate),
    scale: optional(lossScale),
    evals: optional(evalLoss),
    lines: optional(logLines),
    precision: optional(precision),
    objective: optional(objective),
    options,
  },
  signOf: ["masked-labels", "hidden-non-finite-loss"],
  check(facts) {
    const { loss: logged, lost } = facts;
    if (lost === null) return recovered(facts.loss);
    if (lost.kind !== "logged") return [];
    const prelude = readPrelude(facts, lost);
    const value = at(logged.value, lost.row);
    const lead = prelude.surge === null ? null : prelude.rowsSince(prelude.surge.step);
    const nearest =
      prelude.badNorm !== null
        ? `, together with grad_norm (${say(prelude.badNorm.value)})`
        : lead !== null && prelude.surge !== null
          ? `, ${saySteps(lead)} after grad_norm left its band at step ${prelude.surge.step}`
          : "";
    const since = logged.length - lost.row;
    const finite = logged.value.subarray(lost.row).reduce((count, one) => count + (Number.isFinite(one) ? 1 : 0), 0);
    const good =
      lost.rowsBefore === 0 ? "it was not finite before" : `the last good value was ${say(prelude.lastGood)}`;
    const after =
      finite === 0
        ? `It has not come back in ${saySteps(since)}`
        : `It was finite in only ${finite} of the ${saySteps(since)} since`;
    return [
      {
        severity: "error",
        message: `Loss became ${say(value)} at step ${lost.step}${nearest}; ${lost.rowsBefore === 0 && finite === 0 ? "it was never finite" : good}. ${after}, and the weights are most likely lost.`,
        onset: prelude.onset,
        end: null,
        recovered: false,
        evidence: [
          { series: logged.series, step: lost.step, value: toWire(value), note: "first loss that is not finite" },
          ...prelude.evidence,
        ],
        causes: rank([
          ...overflowSuspects(prelude),
          {
            id: "labels-all-masked",
            statement: "All labels of a batch are masked, so the loss is 0 divided by 0.",
            prior: 0.1,
            clues: [
              {
                present: lost.rowsBefore === 0,
                for: "the loss was not finite from the first row",
                against: `${saySteps(lost.rowsBefore)} had a finite loss`,
                weight: 6,
              },
            ],
          },
        ]),
        advice: overflowAdvice(prelude, facts.options),
      },
    ];
  },
});

/** Bad rows that are shown as evidence. */
const shownRows = 5;

const badRows = defineFold<{ readonly first: number[]; count: number; last: number; stretch: number; longest: number }>(
  {
    start: () => ({ first: [], count: 0, last: -1, stretch: 0, longest: 0 }),
    advance(state, { value, length }, from) {
      for (let i = from; i < length; i++) {
        state.stretch = Number.isFinite(at(value, i)) ? 0 : state.stretch + 1;
        if (state.stretch === 0) continue;
        if (state.count < shownRows) state.first.push(i);
        state.count += 1;
        state.last = i;
        if (state.stretch > state.longest) state.longest = state.stretch;
      }
    },
  },
);

/** Single bad rows or short stretches between good ones: something produced them, but training went on. */
function recovered(logged: Curve): FindingDraft[] {
  const { first: some, count, last, longest } = badRows(logged);
  const [first] = some;
  if (first === undefined) return [];
  const value = at(logged.value, first);
  const back = longest === 1 ? "in the next one" : `after at most ${saySteps(longest)}`;
  return [
    {
      severity: "warning",
      message: `Loss was ${say(value)} in ${saySteps(count)}, first at step ${at(logged.step, first)}, and finite again ${back}${count > longest ? " each time" : ""}.`,
      onset: { step: at(logged.step, first) },
      end: { step: at(logged.step, last + 1) },
      recovered: true,
      evidence: some.map((row) => ({
        series: logged.series,
        step: at(logged.step, row),
        value: toWire(at(logged.value, row)),
        note: longest === 1 ? "not finite, and finite in the next row" : "not finite",
      })),
      causes: rank([
        {
          id: "bad-batch",
          statement: "A batch without any label, or with a value that is not finite, got into training.",
          prior: 0.6,
          clues: [],
        },
        {
          id: "skipped-overflow",
          statement: "A mixed-precision step overflowed and its update was skipped.",
          prior: 0.3,
          clues: [],
        },
      ]),
      advice: [
        {
          id: "find-batch",
          summary: "Log the batch of these steps and look for rows whose labels are all masked or empty.",
          changes: [],
          dialect: null,
          expect: "The loss is finite in every row.",
          source: "https://github.com/unslothai/unsloth/issues/1290",
        },
      ],
    },
  ];
}
