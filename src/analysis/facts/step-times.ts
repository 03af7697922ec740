import { at } from "../../base/statistics.ts";
import type { RunView } from "../fact.ts";
import type { SeriesData } from "../run-data.ts";
import { batchWait, dataTime, optimizerTime, type Signal, stepTime, trainTime } from "../signals.ts";

/** Times of whole steps, and of waiting for their batches. */
export interface StepTimes {
  readonly steps: readonly SeriesData[];
  readonly waits: readonly SeriesData[];
}

/**
 * `time` alone may be a step's or that since the start. Beside `data` in the same rows (MetricLogger and ProgressMeter of
 * PyTorch's references) it is the step's: the wait is a part of it, and a clock would never go back.
 */
const bareTime: Signal = { id: "time", matches: (name) => /^(train\/)?time$/i.test(name) };
const bareData = /^(train\/)?data$/i;

function isStepOf(time: SeriesData, waits: readonly SeriesData[]): boolean {
  const data = waits.find(({ name, length }) => bareData.test(name) && length === time.length);
  if (data === undefined) return false;
  let goesBack = false;
  for (let i = 0; i < time.length; i++) {
    if (at(time.step, i) !== at(data.step, i) || at(data.value, i) > at(time.value, i)) return false;
    goesBack ||= i > 0 && at(time.value, i) < at(time.value, i - 1);
  }
  return goesBack;
}

/**
 * Elsewhere `iter_time` is a whole step. ESPnet's trainer measures by it how long its iterator takes for a batch, and the
 * step by `train_time`; that it is ESPnet's shows in the third of its times.
 */
export function stepTimesOf(run: RunView): StepTimes {
  const steps = run.series(trainTime);
  const waits = run.series(batchWait);
  if (steps.length > 0 && waits.length > 0 && run.series(optimizerTime).length > 0) return { steps, waits };
  const told = run.series(stepTime);
  const data = run.series(dataTime);
  return { steps: told.length > 0 ? told : run.series(bareTime).filter((time) => isStepOf(time, data)), waits: data };
}
