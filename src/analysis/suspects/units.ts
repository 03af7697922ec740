import type { Suspect } from "../causes.ts";
import type { Units } from "../facts/units.ts";
import { say } from "../numbers.ts";

/** DeepDiagnosis: a layer with 70 % zeros is dead; half of its outputs at their bounds is saturated. */
const deadShare = 0.7;
const saturatedShare = 0.5;

/** Units that no longer answer to their input, as causes. `jumped`: a large update came just before. */
export const unitSuspects = (units: Units | null, jumped: boolean | null, activation: string | null): Suspect[] => [
  {
    id: "dead-relu",
    statement: "ReLU units are 0 for every input, and pass no gradient.",
    prior: 0.2,
    clues: [
      {
        present: units === null || units.dead === null ? null : units.dead.share >= deadShare,
        for: `${percent(units?.dead?.share)} of the units of ${units?.dead?.layer ?? ""} are 0 for the whole batch`,
        against: `at most ${percent(units?.dead?.share)} of the units of a layer are dead`,
        weight: 6,
      },
      { present: jumped === true ? true : null, for: "a large update came just before", weight: 1.3 },
      {
        present: activation === null ? null : /relu/.test(activation) && !/leaky|prelu/.test(activation),
        for: `the activation is ${activation ?? ""}`,
        against: `the activation is ${activation ?? ""}`,
        weight: 1.5,
      },
    ],
  },
  {
    id: "saturating-activation",
    statement: "Sigmoid or tanh units stand at their bounds, where they have no slope.",
    prior: 0.2,
    clues: [
      {
        present: units === null || units.saturated === null ? null : units.saturated.share >= saturatedShare,
        for: `${percent(units?.saturated?.share)} of the outputs of ${units?.saturated?.layer ?? ""} are at their bounds`,
        against: `at most ${percent(units?.saturated?.share)} of the outputs of a layer are at their bounds`,
        weight: 6,
      },
      {
        present: activation === null ? null : /sigmoid|tanh/.test(activation),
        for: `the activation is ${activation ?? ""}`,
        against: `the activation is ${activation ?? ""}`,
        weight: 7,
      },
    ],
  },
];

const percent = (share: number | undefined): string => `${say(Math.round(100 * (share ?? Number.NaN)))} %`;
