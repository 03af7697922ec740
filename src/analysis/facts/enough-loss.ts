import { defineFact, type Fact } from "../fact.ts";
import { type LossShape, lossShape } from "./loss-shape.ts";

/**
 * The loss, once it has enough rows for a judgement of its kind. With fewer a rule is not applicable:
 * it must not call a run clean that it could not judge.
 */
const atLeast = (rows: number): Fact<LossShape> =>
  defineFact({
    id: `loss of supervised training, ${rows} rows of it`,
    derive(_run, get) {
      const shape = get(lossShape);
      return shape !== undefined && shape.rows.length >= rows ? shape : undefined;
    },
  });

/** A launch shows from the third row on. */
export const lossToDiverge = atLeast(3);
/** A spike, and seven rows that tell the noise. */
export const lossToSpike = atLeast(8);
/** SageMaker's 10 rows fired on 9 of 10 healthy logs. */
export const lossToLearn = atLeast(20);
/** A rule that asks for these says itself what fewer than `lossToLearn` leave open. */
export const fewLosses = atLeast(8);
