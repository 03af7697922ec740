import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { cpuUse, dataShare, dataTime, gpuUse, stepTime } from "../signals.ts";
import type { SeriesData } from "../run-data.ts";
import { rowBefore, whole } from "./curve.ts";
import { plainest, type Track, trackOf } from "./track.ts";

/** How much of a step is spent waiting for its batch, from 0 to 1. */
export interface DataWait {
  readonly rows: Track;
  readonly now: number;
}

/** The first rows start the workers and fill their queues. */
const settleRows = 3;
const lastRows = 50;

export const dataWait = defineFact<DataWait>({
  id: "data_time and step_time, or their share",
  derive(run) {
    const shares = plainest(run.series(dataShare));
    const waits = plainest(run.series(dataTime));
    const steps = plainest(run.series(stepTime));
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
    } else return undefined;
    const rows = trackOf({
      series: from.id,
      step: from.step.subarray(settleRows),
      time: from.time.subarray(settleRows),
      value: value.subarray(settleRows),
      length: Math.max(0, from.length - settleRows),
    });
    return rows === undefined ? undefined : { rows, now: median(rows.value.subarray(-lastRows)) };
  },
});

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
