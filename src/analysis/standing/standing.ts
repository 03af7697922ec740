import { at } from "../../base/statistics.ts";
import type { Standing } from "../../model/standing.ts";
import { defineFact } from "../fact.ts";
import { say } from "../numbers.ts";
import { norms } from "./norms.ts";
import { runStatistics, type Kind, type Statistic } from "./statistics.ts";

const kindWords: Readonly<Record<Kind, string>> = {
  language: "language models",
  supervised: "other supervised models",
  preference: "preference tuning",
  reinforcement: "reinforcement learning",
};

/** With fewer recorded runs of a kind a place among them says nothing. */
const fewestRuns = 10;

/** Where this run stands among the recorded healthy ones of its kind. Says where, not whether it is well: that is what rules are for. */
export const standing = defineFact<readonly Standing[]>({
  id: "place among healthy runs",
  derive(_run, get) {
    const own = get(runStatistics);
    if (own === undefined) return undefined;
    const { kind } = own;
    return own.statistics.flatMap((statistic): Standing[] => {
      const reference = norms[kind][statistic.id];
      if (reference.length < fewestRuns) return [];
      const lower = reference.filter((value) => value < statistic.value).length;
      const equal = reference.filter((value) => value === statistic.value).length;
      const lowest = at(reference, 0);
      const highest = at(reference, reference.length - 1);
      const place = {
        ...statistic,
        above: (lower + equal / 2) / reference.length,
        lowest,
        highest,
        runs: reference.length,
      };
      return [
        {
          series: statistic.series,
          statistic: statistic.id,
          value: statistic.value,
          above: place.above,
          lowest,
          highest,
          runs: place.runs,
          kind: kindWords[kind],
          text: sentence(place, kindWords[kind]),
        },
      ];
    });
  },
});

interface Place extends Statistic {
  readonly above: number;
  readonly lowest: number;
  readonly highest: number;
  readonly runs: number;
}

function sentence({ id, series, value, above, lowest, highest, runs }: Place, kind: string): string {
  const what = {
    usual: `${series} is usually ${say(value)}`,
    peaks: `the peaks of ${series} (95th percentile) are ${say(value)} times its usual value`,
    drift: `${series} at the end is ${say(value)} times what it was in the second quarter`,
    noise: `${series} scatters by ${say(value * 100)} % from row to row`,
  }[id];
  const scale = id === "noise" ? 100 : 1;
  const unit = id === "noise" ? " %" : "";
  const range = `${runs} recorded healthy runs of ${kind} (${say(lowest * scale)} to ${say(highest * scale)}${unit}; small models)`;
  if (value > highest) return `${what}: higher than in all ${range}.${id === "usual" ? ofItself : ""}`;
  if (value < lowest) return `${what}: lower than in all ${range}.${id === "usual" ? ofItself : ""}`;
  return `${what}: higher than in ${Math.round(above * 100)} % of ${range}.`;
}

/** The recorded models are small: the level alone is no sign of a fault. */
const ofItself =
  " The level alone is no fault: it grows with the model and with the scale of the loss. What matters is that it stays in its band.";
