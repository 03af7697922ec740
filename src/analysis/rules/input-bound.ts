import { at } from "../../base/statistics.ts";
import type { Advice, Evidence } from "../../model/finding.ts";
import { rank } from "../causes.ts";
import { defineFact } from "../fact.ts";
import { type DataWait, dataWait, type MachineUse, machineUse } from "../facts/data-wait.ts";
import { type Options, options } from "../facts/options.ts";
import { lastingFrom } from "../facts/track.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** TraceML speaks of a tenth of the step and calls a fifth critical: the first is worth a note, the second an alarm. */
const warnShare = 0.1;
const criticalShare = 0.2;
/** Twice that where the step time is only the clock's. */
const criticalShareOfClock = 0.4;
/** Three of them, the least of which counts (`dataWait`), and as many before. */
const leastRows = 6;
/** SageMaker's CPUBottleneck: in more than half of the samples; a sample comes every 5 s, so two minutes of them. */
const starvedShare = 0.5;
const leastSamples = 24;

interface Known {
  readonly wait: DataWait | null;
  readonly machine: MachineUse | null;
}

const known = defineFact<Known>({
  id: "data_time with step_time, or system/gpu_utilisation with system/cpu_percent",
  derive(_run, get) {
    const wait = get(dataWait);
    const machine = get(machineUse);
    const hasWait = wait !== undefined && wait.rows.length >= leastRows;
    const hasMachine = machine !== undefined && machine.samples >= leastSamples;
    if (!hasWait && !hasMachine) return undefined;
    return { wait: hasWait ? wait : null, machine: hasMachine ? machine : null };
  },
});

export const inputBound = defineRule({
  id: "input-bound",
  title: "Training waits for its data",
  why: "The accelerator is paid for while it waits; a faster loader gives the same model sooner.",
  needs: { known, options },
  leadsTo: ["throughput-drop"],
  check({ known: { wait, machine }, options: settings }) {
    const isWaiting = wait !== null && wait.now >= warnShare;
    const isStarved = machine !== null && machine.starved > starvedShare;
    if (!isWaiting && !isStarved) return [];
    const percent = (share: number): string => `${say(Math.round(1000 * share) / 10)} %`;
    const evidence: Evidence[] = [];
    let onset: { step: number | null; time?: number } = { step: null };
    if (isWaiting) {
      const { rows } = wait;
      // A loader that became slow waited a little before as well: it began where half of the wait was there.
      const bar = Math.max(warnShare, wait.now / 2);
      let row = Math.max(
        0,
        lastingFrom(rows, (value) => value >= bar),
      );
      while (row > 0 && at(rows.value, row - 1) >= bar) row -= 1;
      onset = { step: at(rows.step, row) };
      evidence.push(
        { series: rows.series, step: at(rows.step, row), value: at(rows.value, row), note: "share of the step, here" },
        {
          series: rows.series,
          step: at(rows.step, rows.length - 1),
          value: wait.now,
          note: "share of the step, median of the last rows",
        },
      );
    } else if (machine !== null && !Number.isNaN(machine.firstTime)) onset = { step: null, time: machine.firstTime };
    if (isStarved)
      evidence.push(
        {
          series: machine.gpu.id,
          step: null,
          value: machine.medianGpu,
          note: `median use of the GPU in %, of ${machine.samples} samples`,
        },
        { series: machine.cpu.id, step: null, value: machine.medianCpu, note: "median use of the processors in %" },
      );
    const said = [
      ...(isWaiting
        ? [`${percent(wait.now)} of each step ${wait.now >= criticalShare ? "are" : "is"} spent waiting for the batch`]
        : []),
      ...(isStarved
        ? [`in ${percent(machine.starved)} of the samples the processors are busy and the GPU is idle`]
        : []),
    ];
    return [
      {
        severity:
          isStarved || (wait !== null && wait.now >= (wait.isMeasured ? criticalShare : criticalShareOfClock))
            ? "warning"
            : "info",
        message: `${said.join(", and ")}.`.replace(/^./, (letter) => letter.toUpperCase()),
        onset,
        end: null,
        recovered: false,
        evidence,
        causes: causesOf(machine, settings),
        advice: moreWorkers(settings),
      },
    ];
  },
});

function causesOf(machine: MachineUse | null, settings: Options) {
  const workers = settings.number("data_workers");
  return rank([
    {
      id: "data-loader-slow",
      statement: "The data loader is slower than the model: too few workers, too much work per example, slow storage.",
      prior: 0.7,
      clues: [
        {
          present: workers === undefined ? null : workers <= 1,
          for: `there ${workers === 1 ? "is one worker" : "are no workers: batches are made between the steps"}`,
          against: `there are ${say(workers ?? 0)} workers`,
          weight: 1.5,
        },
      ],
    },
    {
      id: "neighbour-load",
      statement: "Something else uses the processors or the storage of this machine.",
      prior: 0.2,
      clues: [
        {
          present: machine === null ? null : machine.medianCpu > 90,
          for: `the processors are at ${say(machine?.medianCpu ?? 0)} %`,
          against: "the processors have room",
          weight: 2,
        },
      ],
    },
  ]);
}

export function moreWorkers(settings: Options): Advice[] {
  const workers = settings.number("data_workers");
  const to = workers === undefined || workers < 2 ? 4 : 2 * workers;
  const changes = [settings.change("data_workers", to)];
  if (settings.dialect !== null && settings.has("prefetch_factor")) changes.push(settings.change("prefetch_factor", 4));
  return [
    {
      id: "more-workers",
      summary: `Prepare batches ahead, in ${to} worker processes. If that does not help, tokenize once before training, and keep the data on a local disk.`,
      changes,
      dialect: settings.dialect,
      expect: "The wait for data falls below a tenth of the step.",
      source: "https://docs.pytorch.org/docs/stable/data.html#multi-process-data-loading",
    },
  ];
}
