import type { RunView } from "../fact.ts";
import type { SeriesData } from "../run-data.ts";
import { batchWait, dataTime, optimizerTime, stepTime, trainTime } from "../signals.ts";

/** Times of whole steps, and of waiting for their batches. */
export interface StepTimes {
  readonly steps: readonly SeriesData[];
  readonly waits: readonly SeriesData[];
}

/**
 * Elsewhere `iter_time` is a whole step. ESPnet's trainer measures by it how long its iterator takes for a batch, and the
 * step by `train_time`; that it is ESPnet's shows in the third of its times.
 */
export function stepTimesOf(run: RunView): StepTimes {
  const steps = run.series(trainTime);
  const waits = run.series(batchWait);
  if (steps.length > 0 && waits.length > 0 && run.series(optimizerTime).length > 0) return { steps, waits };
  return { steps: run.series(stepTime), waits: run.series(dataTime) };
}
