import { at } from "../../base/statistics.ts";
import type { Suspect } from "../causes.ts";
import type { Generalization } from "../facts/generalization.ts";
import type { Options } from "../facts/options.ts";
import { say } from "../numbers.ts";

export interface Fit {
  readonly held: Generalization | null;
  /** Training loss at the end; NaN when not logged. */
  readonly level: number;
  readonly options: Options;
  /** Passes over the data that were seen in the log; null when it does not say. */
  readonly passes: number | null;
  /** Beginnings of a pass at which the training loss fell at once. */
  readonly drops: number;
}

/** Passes after which a repeated example helps little: four epochs are nearly as good as new data (arXiv 2305.16264). */
const manyPasses = 4;

/** Before any example comes again the training loss is that of new ones: half of the held-out loss is beyond any dropout. */
const unseenShare = 0.5;

/** Why a model knows its training examples better than others, and what speaks for each. */
export function overfitSuspects({ held, level, options, passes, drops }: Fit): Suspect[] {
  // A number of steps overrides the number of epochs in the trainers that have both.
  const steps = options.number("max_steps") ?? 0;
  const configured = steps > 0 ? undefined : options.number("epochs");
  const count = passes ?? configured;
  const decay = options.number("weight_decay");
  const dropout = options.number("dropout");
  const lastHeld = held?.last.value ?? Number.NaN;
  const known = [decay, dropout].filter((one) => one !== undefined);
  const off = known.filter((one) => one === 0).length;
  return [
    {
      id: "too-many-epochs",
      statement: "The training data is seen too often for its size.",
      prior: 0.5,
      clues: [
        {
          present: count === undefined ? null : count > manyPasses,
          for: `${say(count ?? Number.NaN)} epochs ${passes === null ? "are configured" : "were trained"}`,
          against: `only ${say(count ?? Number.NaN)} epochs ${passes === null ? "are configured" : "were trained"}`,
          weight: 2,
        },
        {
          present: drops > 0 ? true : null,
          for: "the training loss falls at once where a pass over the data begins",
          weight: 1.5,
        },
        {
          present: Number.isNaN(level) || Number.isNaN(lastHeld) ? null : level < 0.5 * lastHeld,
          for: `training loss is ${say(level)}, held-out loss ${say(lastHeld)}`,
          against: "training and held-out loss are close",
          weight: 1.5,
        },
      ],
    },
    {
      id: "too-little-regularisation",
      statement: "Nothing keeps the model from fitting noise.",
      prior: 0.25,
      clues: [
        {
          present: decay === undefined ? null : decay === 0,
          for: "weight decay is 0",
          against: `weight decay is ${say(decay ?? Number.NaN)}`,
          weight: 1.4,
        },
        {
          present: dropout === undefined ? null : dropout === 0,
          for: "dropout is 0",
          against: `dropout is ${say(dropout ?? Number.NaN)}`,
          weight: 1.7,
        },
        {
          present: known.length > 1 && off === known.length ? true : null,
          for: "every kind of it that is known is off",
          weight: 1.5,
        },
        {
          present: count === undefined ? null : count <= manyPasses,
          for: `${say(count ?? Number.NaN)} epochs are usually not too many`,
          weight: 1.3,
        },
      ],
    },
    {
      id: "data-seen-again",
      statement:
        "The loader hands out the same examples again and again, while it counts as if they were new: a stream that is opened anew, a sampler that is reset.",
      prior: 0.02,
      clues: [
        {
          present: held?.isFirstPass === true && level < unseenShare * lastHeld ? true : null,
          for: `by the log this is the first pass, in which no example was seen before, and yet the training loss is ${say(level)}, that of other examples ${say(lastHeld)}`,
          weight: 60,
        },
      ],
    },
    {
      id: "different-data",
      statement: "The held-out data is of another kind than the training data.",
      prior: 0.1,
      clues: [
        {
          present: held === null ? null : !(at(held.evals.value, 0) > 1.02 * held.best.value),
          for: "held-out loss never fell with the training loss",
          against: "held-out loss fell with the training loss at first",
          weight: 3,
        },
      ],
    },
  ];
}
