import { at, quantile } from "../../base/statistics.ts";
import { defineFact, type RunView } from "../fact.ts";
import { epoch, evalLoss, gradNorm, learningRate, stepsPerSecond, throughput, trainLoss } from "../signals.ts";
import { logLines } from "./log-lines.ts";

/** How often the run speaks. Times in milliseconds since the epoch. */
export interface Cadence {
  readonly usual: number;
  readonly longest: number;
  readonly count: number;
  /** Latest point or log line. */
  readonly lastTime: number;
  /** Latest point: what is printed while a run dies does not count. */
  readonly lastPointTime: number;
  readonly lastStep: number;
}

/** Below this many intervals the usual one is not known. */
const fewestIntervals = 5;

export const cadence = defineFact<Cadence>({
  id: "times of log rows",
  derive(run, get) {
    const [losses] = [...run.series(trainLoss)].sort((a, b) => b.length - a.length);
    if (losses === undefined) return undefined;
    const intervals: number[] = [];
    for (let i = 1; i < losses.length; i++) {
      const interval = at(losses.time, i) - at(losses.time, i - 1);
      if (interval > 0) intervals.push(interval);
    }
    if (intervals.length < fewestIntervals) return undefined;
    const lastPointTime = lastOf(run);
    const recordTime = get(logLines)?.lastTime ?? Number.NaN;
    return {
      usual: quantile(intervals, 0.5),
      longest: intervals.reduce((longest, interval) => Math.max(longest, interval), 0),
      count: intervals.length,
      lastTime: recordTime > lastPointTime ? recordTime : lastPointTime,
      lastPointTime,
      lastStep: at(losses.step, losses.length - 1),
    };
  },
});

/** Time of the latest point of anything that a training loop logs. */
function lastOf(run: RunView): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const signal of [trainLoss, evalLoss, gradNorm, learningRate, stepsPerSecond, throughput, epoch])
    for (const series of run.series(signal)) {
      const time = at(series.time, series.length - 1);
      if (time > last) last = time;
    }
  return last;
}
