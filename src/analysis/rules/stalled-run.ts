import { rank } from "../causes.ts";
import { optional, defineFact } from "../fact.ts";
import { cadence } from "../facts/cadence.ts";
import { logLines } from "../facts/log-lines.ts";
import { options } from "../facts/options.ts";
import { sayTime } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** Silence is judged against the run's own rhythm: this many usual intervals, and several times the longest seen. */
const usualTimes = 20;
const longestTimes = 3;
/** Evaluations and checkpoints pause the log for minutes, the first of them without warning. */
const floorMs = 180_000;
/** A run that died in its silence was not evaluating. */
const deadFloorMs = 60_000;
/** NCCL's watchdog gives up on a collective after 600 s (PyTorch); SageMaker's rule waits 1800 s. */
const errorMs = 600_000;
/** 128 + SIGKILL. The kernel kills at once; after a long silence it was a person or a scheduler. */
const killed = 137;
const tellingLines = 10;

/** Silence of the run until now, or until it died; null while it is not suspicious. */
const silence = defineFact<{ readonly ms: number; readonly isOver: boolean } | null>({
  id: "clock",
  derive(run, get) {
    const rhythm = get(cadence);
    if (rhythm === undefined || !Number.isFinite(rhythm.lastTime)) return undefined;
    const { status, endedAt, exitStatus } = run.info();
    const isOver = status !== "running";
    // A run that ended well may have evaluated, saved and uploaded for long without a word.
    if (isOver && (status === "finished" || exitStatus === 0)) return null;
    const now = isOver ? endedAt : run.clock();
    if (now === null) return undefined;
    const ms = now - (isOver ? rhythm.lastPointTime : rhythm.lastTime);
    const bar = Math.max(isOver ? deadFloorMs : floorMs, usualTimes * rhythm.usual, longestTimes * rhythm.longest);
    if (!(ms > bar)) return null;
    // Rounded down while the clock runs, so that each look does not make another finding.
    const grain = isOver ? 1 : ms >= errorMs ? errorMs : bar;
    return { ms: Math.floor(ms / grain) * grain, isOver };
  },
});

const exit = defineFact<{ readonly exitStatus: number | null }>({
  id: "exit status",
  derive: (run) => ({ exitStatus: run.info().exitStatus }),
});

export const stalledRun = defineRule({
  id: "stalled-run",
  title: "The run has stalled",
  why: "Machines are held and paid for while nothing is computed.",
  needs: { rhythm: cadence, silent: silence, lines: optional(logLines), ending: exit, options },
  signOf: ["masked-labels", "hidden-non-finite-loss", "non-finite-loss"],
  check({ rhythm, silent, lines, ending: { exitStatus }, options: settings }) {
    if (silent === null) return [];
    // What killed a run is often said by another process, a line before or after the exception.
    const last = lines?.failures.at(-1) ?? lines?.exceptions.at(-1);
    const said = [...(lines?.failures.slice(-tellingLines) ?? []), ...(lines?.exceptions.slice(-1) ?? [])];
    const text = said.map(({ message, exception }) => `${message} ${exception ?? ""}`).join(" ");
    const isKilled = exitStatus === killed && silent.ms < errorMs;
    const isMemory = isKilled || /out of memory|oom[-_ ]?kill|cannot allocate memory|\bkilled\b/i.test(text);
    const isLoader = last === undefined ? null : /data[ _]?loader|worker \(pid/i.test(text);
    const isCollective = last === undefined ? null : /nccl|collective|allreduce|watchdog|gloo/i.test(text);
    const workers = settings.number("data_workers");
    const fewer = workers === undefined ? 2 : Math.max(0, Math.floor(workers / 2));
    return [
      {
        severity: silent.ms >= errorMs || silent.isOver ? "error" : "warning",
        message: `Nothing was logged for ${silent.isOver ? "" : "more than "}${sayTime(silent.ms)} after step ${rhythm.lastStep}; usually a row comes every ${sayTime(rhythm.usual)}, and the longest pause was ${sayTime(rhythm.longest)}.${silent.isOver ? " Then the run ended with a failure." : ""}`,
        onset: { step: rhythm.lastStep, time: silent.isOver ? rhythm.lastPointTime : rhythm.lastTime },
        end: null,
        recovered: false,
        evidence: [
          { series: null, step: rhythm.lastStep, value: silent.ms / 1000, note: "seconds of silence after this step" },
          {
            series: null,
            step: null,
            value: rhythm.usual / 1000,
            note: `usual seconds between rows, of ${rhythm.count}`,
          },
          ...(last === undefined ? [] : [{ series: null, step: last.step, value: null, note: lastLine(last.message) }]),
        ],
        causes: rank([
          {
            id: "data-loader-slow",
            statement: "The data loader waits for a worker that died or hangs (storage, a lock, memory).",
            prior: 0.35,
            clues: [
              {
                present: isLoader,
                for: "the last exception speaks of the data loader",
                against: "the last exception does not speak of the data loader",
                weight: 5,
              },
            ],
          },
          {
            id: "slow-node",
            statement: "One rank waits in a collective for another that does not come.",
            prior: 0.35,
            clues: [
              {
                present: isCollective,
                for: "the last exception speaks of a collective",
                against: "the last exception does not speak of a collective",
                weight: 5,
              },
            ],
          },
          {
            id: "out-of-memory",
            statement: "The process ran out of memory, on the device or on the host, where the kernel then kills it.",
            prior: 0.1,
            clues: [
              {
                present: isMemory || last !== undefined ? isMemory : null,
                for: isKilled
                  ? "the run ended with status 137: it was killed"
                  : "the log speaks of memory, or of a kill",
                against: "the log does not speak of memory",
                weight: 8,
              },
            ],
          },
          {
            id: "long-evaluation",
            statement: "An evaluation, a checkpoint or a compilation takes longer than any pause before.",
            prior: 0.25,
            clues: [
              {
                present: silent.isOver ? false : null,
                against: "the run ended without finishing it",
                weight: 5,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "look-at-stacks",
            summary:
              "See where each process stands with py-spy dump --pid; on several GPUs run again with TORCH_NCCL_DESYNC_DEBUG=1 and a shorter timeout, so that the rank that hangs is named.",
            changes: [settings.change("collective_timeout", 600)],
            dialect: settings.dialect,
            expect: "The hanging call is known within ten minutes.",
            source: "https://docs.pytorch.org/docs/stable/torch_nccl_environment_variables.html",
          },
          {
            id: "fewer-workers",
            summary: "If it is the data loader, use fewer workers, and none (0) to see its own error.",
            changes: [settings.change("data_workers", fewer)],
            dialect: settings.dialect,
            expect: "Batches keep coming, or the exception of the worker is printed.",
            source: "https://docs.pytorch.org/docs/stable/data.html#multi-process-data-loading",
          },
        ],
      },
    ];
  },
});

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
