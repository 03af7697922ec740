import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { defineFact, optional } from "../fact.ts";
import { type Curve, finiteRows, rowBefore, whole } from "../facts/curve.ts";
import { type DataWait, dataWait, type MachineUse, machineUse } from "../facts/data-wait.ts";
import { options } from "../facts/options.ts";
import { pace, type Pace, type Slowdown, smoothRows } from "../facts/pace.ts";
import { meanLength } from "../facts/policy.ts";
import { type Straggler, straggler } from "../facts/ranks.ts";
import { type Direction, levelOf, movementSince, plainest, type Track } from "../facts/track.ts";
import { say, saySteps } from "../numbers.ts";
import { batchSize, stepsPerSecond } from "../signals.ts";
import { defineRule } from "../rule.ts";
import { moreWorkers } from "./input-bound.ts";

/**
 * Without a reason in the log, a slowdown is an alarm only where the trainer measures its own steps and takes twice
 * as long (marin#2830); a shared machine slows down by less again and again, which is only noted.
 */
const alarmingFactor = 2;
/** Steps that are not measured, but grow in order: 2.5 times as long a recorded healthy run became (translate-healthy-seed3). */
const alarmingGrowth = 3.2;
/** Other work made a recorded healthy run 4.3 times as slow for 200 rows (translate-healthy-seed3); twice that is no other work. */
const alarmingUnmeasured = 8;
/**
 * ... and less where the slow steps are all alike, as behind a drive or a clock that sets the pace: what other work takes comes
 * and goes. Running medians of recorded slow drives differ by 1.1 between their tenths.
 */
const alarmingEven = 5;
const evenFactor = 1.25;
/** Completions or batches that grew by most of the slowdown explain it: the same tokens per second. */
const explainedShare = 0.6;

interface Slow extends Slowdown {
  readonly episodes: number;
}

/** A ramp of the batch size, where the trainer logs it. */
const batchSizes = defineFact<Curve>({
  id: "batch_size",
  derive(run) {
    const series = plainest(run.series(batchSize));
    return series === undefined ? undefined : finiteRows(whole(series));
  },
});

const slowdown = defineFact<Slow | null>({
  id: "pace",
  derive(_run, get) {
    const speed = get(pace);
    if (speed === undefined) return null;
    const work = { lengths: get(meanLength), batches: get(batchSizes) };
    const { growth, slowdowns } = speed;
    const kept = slowdowns.filter((one) => !isExplained(one, speed, work));
    if (growth !== null && !isExplained(growth, speed, work)) return { ...growth, episodes: 1 };
    const [first] = kept;
    const last = kept.at(-1);
    return first === undefined || last === undefined
      ? null
      : { ...first, endStep: last.endStep, episodes: kept.length };
  },
});

/** How much a step had to do. */
interface Work {
  readonly lengths: Track | undefined;
  readonly batches: Curve | undefined;
}

function isExplained(slow: Slowdown, { rows, from }: Pace, { lengths, batches }: Work): boolean {
  const slower = explainedShare * (slow.now / slow.usual - 1);
  if (batches !== undefined && isPerStep(from, rows.series) && batchGrowth(slow, batches) - 1 >= slower) return true;
  if (lengths === undefined || from === "throughput") return false;
  return levelOf(lengths, lengths.length - 10) / lengths.start - 1 >= slower;
}

/** Of examples or tokens a second a larger batch takes nothing away. */
const isPerStep = (from: Pace["from"], series: string): boolean =>
  from !== "throughput" || stepsPerSecond.matches(series.replace(/\{.*$/, ""), {});

/** Size of the batches while it was slow over that of those before; 1 where no row tells. */
function batchGrowth({ step, endStep }: Slowdown, batches: Curve): number {
  const first = rowBefore(batches, step - 1) + 1;
  const end = endStep === null ? batches.length : rowBefore(batches, endStep - 1) + 1;
  return first > 0 && end > first ? levelOf(batches, first, end) / levelOf(batches, 0, first) : 1;
}

export const throughputDrop = defineRule({
  id: "throughput-drop",
  title: "Training has become slower",
  why: "The same model costs more time and money from here on; what slows a run down often ends it later.",
  needs: {
    speed: pace,
    slow: slowdown,
    wait: optional(dataWait),
    machine: optional(machineUse),
    late: optional(straggler),
    options,
  },
  // Around lost numbers the loop reports, skips and is watched in full.
  signOf: [
    "stalled-run",
    "input-bound",
    "straggler-rank",
    "non-finite-layer",
    "non-finite-loss",
    "hidden-non-finite-loss",
  ],
  check({ speed, slow, wait, machine, late, options: settings }) {
    if (slow === null) return [];
    const times = slow.now / slow.usual;
    const { rows, from } = speed;
    const isOver = slow.endStep !== null;
    const what = from === "throughput" ? "Throughput" : "Time per step";
    const [before, after] = from === "throughput" ? [1 / slow.usual, 1 / slow.now] : [slow.usual, slow.now];
    const unit = from === "time between rows" ? " ms" : "";
    const waitMoved = wait === null ? null : movementSince(wait.rows, slow.step);
    return [
      {
        severity:
          waitMoved === "rose" ||
          late !== null ||
          (speed.isMeasured && (slow.isRising || times >= alarmingFactor)) ||
          (slow.isRising && times >= alarmingGrowth) ||
          (!isOver && times >= (isEven(slow, speed) ? alarmingEven : alarmingUnmeasured))
            ? "warning"
            : "info",
        message: `${what} went from ${say(before)}${unit} to ${say(after)}${unit} ${slow.isRising ? "little by little" : `at step ${slow.step}`}: each step takes ${say(Math.round(100 * times) / 100)} times as long${isOver ? `, until step ${slow.endStep ?? 0}` : ` for ${saySteps(slow.rows)} now`}.${slow.episodes > 1 ? ` It happened ${slow.episodes} times.` : ""}`,
        onset: { step: slow.step },
        end: slow.endStep === null ? null : { step: slow.endStep },
        recovered: isOver,
        evidence: [
          {
            series: rows.series,
            step: at(rows.step, Math.max(0, slow.row - 1)),
            value:
              from === "throughput"
                ? 1 / at(rows.value, Math.max(0, slow.row - 1))
                : at(rows.value, Math.max(0, slow.row - 1)),
            note: `before${from === "time between rows" ? ", ms per step between rows" : ""}; usually ${say(before)}`,
          },
          {
            series: rows.series,
            step: slow.step,
            value: from === "throughput" ? 1 / at(rows.value, slow.row) : at(rows.value, slow.row),
            note: `first slow row; ${say(after)} as a median from here on`,
          },
          ...(wait === null
            ? []
            : [
                {
                  series: wait.rows.series,
                  step: at(wait.rows.step, wait.rows.length - 1),
                  value: wait.now,
                  note: "share of the step that waits for data",
                },
              ]),
        ],
        causes: causesOf(slow, { wait, waitMoved, machine, late }),
        advice: [
          ...(waitMoved === "rose" || (wait === null && machine === null) ? moreWorkers(settings) : []),
          slow.isRising
            ? {
                id: "find-growing-state",
                summary:
                  "Look for what grows with every step: a list of tensors that keep their graph (log loss.item(), not loss), a cache, hooks registered in the loop, a data set that is searched from its start.",
                changes: [],
                dialect: settings.dialect,
                expect: "Time per step stays level; so does the memory of the process.",
                source: "https://docs.pytorch.org/docs/stable/notes/faq.html",
              }
            : {
                id: "look-at-machine",
                summary: `See what else ran from step ${slow.step} on: other processes (top, nvidia-smi), clocks and temperature (nvidia-smi -q -d PERFORMANCE), the step time of each node.`,
                changes: [],
                dialect: settings.dialect,
                expect: "The time per step is back at its level once the other load or the slow node is gone.",
                source: "https://github.com/NVIDIA/nvidia-resiliency-ext",
              },
        ],
      },
    ];
  },
});

/** Whether the running medians, from where they are of slow rows alone, are the same throughout. */
function isEven({ row, rows }: Slow, { smooth, rows: { value } }: Pace): boolean {
  // Of few rows there are too few medians to compare.
  const levels =
    rows < 2 * smoothRows ? value.slice(row, row + rows).sort() : smooth.slice(row + smoothRows - 1, row + rows).sort();
  const tenth = Math.floor(levels.length / 10);
  return levels.length > 0 && at(levels, levels.length - 1 - tenth) <= evenFactor * at(levels, tenth);
}

interface Beside {
  readonly wait: DataWait | null;
  readonly waitMoved: Direction | null;
  readonly machine: MachineUse | null;
  readonly late: Straggler | null;
}

function causesOf(slow: Slow, { wait, waitMoved, machine, late }: Beside) {
  return rank([
    {
      id: "growing-state",
      statement: "Something grows with every step and is walked through in each: a leak, a cache, kept graphs, hooks.",
      prior: 0.2,
      clues: [
        {
          present: slow.isRising,
          for: "the time per step grows steadily",
          against: "it came at once",
          weight: 6,
        },
      ],
    },
    {
      id: "data-loader-slow",
      statement: "Batches come more slowly: storage, a worker that died, longer examples.",
      // A wait for data that nobody measures is less often the reason than what else a machine does.
      prior: wait === null ? 0.2 : 0.3,
      clues: [
        {
          present: waitMoved === null || wait === null ? null : waitMoved === "rose",
          for: `the wait for data rose with it, to ${say(Math.round(100 * (wait?.now ?? 0)))} % of the step`,
          against: "the wait for data did not rise",
          weight: 6,
        },
        { present: slow.isRising ? false : null, against: "a loader seldom slows down steadily", weight: 1.5 },
      ],
    },
    {
      id: "slow-node",
      statement: "One rank or node is slower than the others, which wait for it: a hot or throttled GPU, a bad link.",
      prior: 0.15,
      clues: [
        {
          present: late === null ? null : true,
          for: `rank ${late?.rank ?? 0} is behind the others`,
          weight: 6,
        },
      ],
    },
    {
      id: "neighbour-load",
      statement: "Something else uses this machine: another job, an evaluation beside the run, a backup.",
      prior: 0.25,
      clues: [
        {
          present: slow.endStep !== null || slow.episodes > 1 ? true : null,
          for: "it came and went",
          weight: 3,
        },
        {
          present: machine === null ? null : machine.medianCpu > 90,
          for: `the processors are at ${say(machine?.medianCpu ?? 0)} %`,
          weight: 1.5,
        },
        { present: slow.isRising ? false : null, against: "other load comes at once", weight: 3 },
      ],
    },
  ]);
}
