import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { cpuUse, dataShare, gpuUse } from "../signals.ts";
import type { SeriesData } from "../run-data.ts";
import { rowBefore, whole } from "./curve.ts";
import { stepTimesOf } from "./step-times.ts";
import { plainest, type Track, trackOf } from "./track.ts";

/** How much of a step is spent waiting for its batch, from 0 to 1. */
export interface DataWait {
  readonly rows: Track;
  readonly now: number;
  /** False where the clock of the rows stands for the step time: a busy machine shows in it as well. */
  readonly isMeasured: boolean;
}

/** The first rows start the workers and fill their queues; of a short log each is many steps. */
const settleRows = 3;
const settleRowsOfFew = 1;
const fewRows = 40;
/** The wait now: the last third of the rows, so that a loader that became slow in the second half shows in a short log too. */
const lastShare = 1 / 3;
const fewestLastRows = 14;
/** Of a short log the last third, of which the least counts, so that all of them waited. */
const fewestLastOfFew = 3;
const mostLastRows = 50;

export const dataWait = defineFact<DataWait>({
  id: "data_time and step_time or times of rows, or their share",
  derive(run) {
    const shares = plainest(run.series(dataShare));
    const times = stepTimesOf(run);
    const waits = plainest(times.waits);
    // The wait of one rank is no share of another's step.
    const steps = plainest(times.steps.filter(({ labels }) => labels["rank"] === waits?.labels["rank"]));
    let value: Float64Array;
    let from: SeriesData;
    if (shares !== undefined) {
      from = shares;
      const unit = /%|pct|percent/i.test(shares.name) ? 100 : 1;
      value = shares.value.map((share) => share / unit);
    } else if (waits !== undefined && steps !== undefined) {
      from = waits;
      const curve = whole(steps);
      const ratio = secondsOf(waits.name) / secondsOf(steps.name);
      value = waits.value.map((wait, i) => {
        const row = rowBefore(curve, at(waits.step, i));
        return row < 0 ? Number.NaN : (ratio * wait) / at(curve.value, row);
      });
    } else if (waits !== undefined) {
      // Without a step time the clock has it: the time between rows, over the steps between them.
      from = waits;
      value = shareOfClock(waits);
      if (!(median(value.filter(Number.isFinite)) <= mostOfClock)) return undefined;
    } else return undefined;
    const settle = from.length < fewRows ? settleRowsOfFew : settleRows;
    const rows = trackOf({
      series: from.id,
      step: from.step.subarray(settle),
      time: from.time.subarray(settle),
      value: value.subarray(settle),
      length: Math.max(0, from.length - settle),
    });
    const isMeasured = shares !== undefined || steps !== undefined;
    return rows === undefined ? undefined : { rows, now: waitNow(rows), isMeasured };
  },
});

function waitNow({ value, length }: Track): number {
  const last = Math.floor(lastShare * length);
  const usual = median(value.subarray(-Math.min(mostLastRows, Math.max(fewestLastRows, last))));
  if (last >= fewestLastRows) return usual;
  const least = Math.min(...value.subarray(-Math.max(fewestLastOfFew, last)));
  return length < fewestLastRows ? least : Math.max(usual, least);
}

/** A wait cannot be longer than its step, beyond what the clock is off: then the unit was another one. */
const mostOfClock = 1.05;

function shareOfClock(waits: SeriesData): Float64Array {
  const value = new Float64Array(waits.length).fill(Number.NaN);
  for (let i = 1; i < waits.length; i++) {
    const steps = at(waits.step, i) - at(waits.step, i - 1);
    const time = at(waits.time, i) - at(waits.time, i - 1);
    if (steps > 0 && time > 0) value[i] = (secondsOf(waits.name) * 1000 * at(waits.value, i) * steps) / time;
  }
  return value;
}

/** Names that say milliseconds; all others are taken for seconds. */
const secondsOf = (name: string): number => (/(_ms|\(ms\))$/i.test(name) ? 1e-3 : 1);

/** Use of the machine as `llmdbg run` samples it. */
export interface MachineUse {
  readonly cpu: SeriesData;
  readonly gpu: SeriesData;
  readonly samples: number;
  /** Share of samples with busy processors and an idle GPU. */
  readonly starved: number;
  readonly medianCpu: number;
  readonly medianGpu: number;
  readonly firstTime: number;
}

/** SageMaker Debugger's CPUBottleneck: CPU above 90 % while the GPU is below 10 %. */
const busyCpu = 90;
const idleGpu = 10;

export const machineUse = defineFact<MachineUse>({
  id: "system/gpu_utilisation and system/cpu_percent",
  derive(run) {
    const cpu = plainest(run.series(cpuUse));
    const gpu = plainest(run.series(gpuUse));
    if (cpu === undefined || gpu === undefined) return undefined;
    const samples = Math.min(cpu.length, gpu.length);
    let starved = 0;
    let firstTime = Number.NaN;
    for (let i = 0; i < samples; i++)
      if (at(cpu.value, i) > busyCpu && at(gpu.value, i) < idleGpu) {
        if (starved === 0) firstTime = at(gpu.time, i);
        starved += 1;
      }
    return {
      cpu,
      gpu,
      samples,
      starved: samples === 0 ? 0 : starved / samples,
      medianCpu: median(cpu.value),
      medianGpu: median(gpu.value),
      firstTime,
    };
  },
});
