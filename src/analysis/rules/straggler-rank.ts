import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { dataWait } from "../facts/data-wait.ts";
import { options } from "../facts/options.ts";
import { straggler } from "../facts/ranks.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** TraceML speaks of a tenth and calls a fifth critical; NVRx flags a node below 0.75 of the usual pace, a share of a quarter. */
const warnShare = 0.2;
const errorShare = 0.25;

export const stragglerRank = defineRule({
  id: "straggler-rank",
  title: "One rank is slower than the others",
  why: "All ranks wait for the slowest one at every step, so one bad GPU costs as much as if all were bad.",
  needs: { late: straggler, wait: optional(dataWait), options },
  signOf: ["stalled-run"],
  leadsTo: ["throughput-drop"],
  check({ late, wait, options: settings }) {
    if (late === null) return [];
    const { series, share } = late;
    const fromStart = late.row === 0;
    const isData = /data|load|input/i.test(series.name);
    return [
      {
        severity: share >= errorShare ? "error" : share >= warnShare ? "warning" : "info",
        message: `Rank ${late.rank} of ${late.ranks} is behind the others ${fromStart ? "from the first rows on" : `since step ${late.step}`}: ${series.name} is ${say(late.own)}, of the others ${say(late.others)}; ${say(Math.round(100 * share))} % of each step is spent waiting for it.`,
        onset: { step: late.step, rank: late.rank },
        end: null,
        recovered: false,
        evidence: [
          { series: series.id, step: late.step, value: at(series.value, late.row), note: "first row of it" },
          {
            series: series.id,
            step: at(series.step, series.length - 1),
            value: late.own,
            note: `median of the last rows; of the other ranks ${say(late.others)}`,
          },
        ],
        causes: rank([
          {
            id: "slow-node",
            statement: "The node or GPU of this rank is slow: throttled, hot, a bad link, another process on it.",
            prior: 0.6,
            clues: [
              {
                present: fromStart ? null : true,
                for: `it kept up for ${saySteps(late.row)}`,
                weight: 1.5,
              },
            ],
          },
          {
            id: "data-loader-slow",
            statement: "The data loader of this rank is slow, or its shard is on slower storage.",
            prior: 0.2,
            clues: [
              {
                present: isData ? true : wait === null ? null : wait.now > 0.1,
                for: "the wait for data is large",
                against: "hardly any time is spent waiting for data",
                weight: 3,
              },
            ],
          },
          {
            id: "uneven-work",
            statement: "This rank has more to do: longer sequences, a larger pipeline stage, logging and checkpoints.",
            prior: 0.15,
            clues: [
              {
                present: late.rank === 0 ? true : null,
                for: "it is rank 0, which often logs and saves for all",
                weight: 2,
              },
              {
                present: fromStart,
                for: "it was so from the first rows on",
                against: "it kept up at first",
                weight: 2,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "replace-node",
            summary: `Compare the clocks, temperature and link errors of rank ${late.rank} with another (nvidia-smi -q -d PERFORMANCE,CLOCK), run the same benchmark on both, and take the node out if it stays behind.`,
            changes: [],
            dialect: settings.dialect,
            expect: "Step times of all ranks are within a tenth of each other.",
            source: "https://github.com/NVIDIA/nvidia-resiliency-ext",
          },
        ],
      },
    ];
  },
});
