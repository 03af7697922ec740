import { RunningMedian } from "../../base/running-median.ts";
import { at } from "../../base/statistics.ts";
import { defineFact, type RunView } from "../fact.ts";
import { defineFold } from "../fold.ts";
import {
  epoch,
  evalLoss,
  gradNorm,
  learningRate,
  stepsPerSecond,
  type Signal,
  throughput,
  trainLoss,
} from "../signals.ts";
import { whole } from "./curve.ts";
import { logLines } from "./log-lines.ts";

/** How often the run speaks. Times in milliseconds since the epoch. */
export interface Cadence {
  readonly usual: number;
  readonly longest: number;
  readonly count: number;
  /** Latest point or log line. */
  readonly lastTime: number;
  /** Latest row of metrics: what is printed while a run dies does not count. */
  readonly lastPointTime: number;
  readonly lastStep: number;
}

/** Below this many intervals the usual one is not known. */
const fewestIntervals = 5;

/** Times between neighbouring rows. */
const pauses = defineFold<{ readonly intervals: RunningMedian; longest: number }>({
  start: () => ({ intervals: new RunningMedian(), longest: 0 }),
  advance(state, { time, length }, from) {
    for (let i = Math.max(1, from); i < length; i++) {
      const interval = at(time, i) - at(time, i - 1);
      if (!(interval > 0)) continue;
      state.intervals.push(interval);
      if (interval > state.longest) state.longest = interval;
    }
  },
});

export const cadence = defineFact<Cadence>({
  id: "times of log rows",
  derive(run, get) {
    const [losses] = [...run.series(trainLoss)].sort((a, b) => b.length - a.length);
    if (losses === undefined) return undefined;
    const { intervals, longest } = pauses(whole(losses));
    if (intervals.length < fewestIntervals) return undefined;
    const lastPointTime = lastOf(run, [trainLoss, evalLoss, gradNorm, learningRate, throughput]);
    // A bar draws its last state when a process is killed.
    const barTime = lastOf(run, [stepsPerSecond, epoch]);
    const recordTime = get(logLines)?.lastTime ?? Number.NaN;
    return {
      usual: intervals.median,
      longest,
      count: intervals.length,
      lastTime: [recordTime, barTime].reduce((last, time) => (time > last ? time : last), lastPointTime),
      lastPointTime,
      lastStep: at(losses.step, losses.length - 1),
    };
  },
});

/** Time of the latest point of any of these. */
function lastOf(run: RunView, signals: readonly Signal[]): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const signal of signals)
    for (const series of run.series(signal)) {
      const time = at(series.time, series.length - 1);
      if (time > last) last = time;
    }
  return last;
}
