import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { learningRate } from "./learning-rate.ts";
import { logLines } from "./log-lines.ts";
import { supervisedLoss } from "./supervised-loss.ts";

/** A place where training stopped and went on from a checkpoint. */
export interface Resume {
  /** First row of the loss after it. */
  readonly row: number;
  readonly step: number;
  /** How it is known. */
  readonly from: "steps went back" | "log line" | "schedule began anew";
}

/** A schedule began anew when the rate falls below this share of the last one and then climbs again. */
const restartShare = 0.3;
const climbRows = 3;

export const resumes = defineFact<readonly Resume[]>({
  id: "resume",
  derive(_run, get) {
    const rows = get(supervisedLoss);
    if (rows === undefined) return undefined;
    const found = new Map<number, Resume>();
    const add = (row: number, from: Resume["from"]): void => {
      // Signs of one resume stand within a few rows of each other.
      for (let near = row - climbRows; near <= row + climbRows; near++) if (found.has(near)) return;
      if (row > 0 && row < rows.length) found.set(row, { row, step: at(rows.step, row), from });
    };
    for (let i = 1; i < rows.length; i++) if (at(rows.step, i) < at(rows.step, i - 1)) add(i, "steps went back");
    const highest = highestUntil(rows.step);
    for (const line of get(logLines)?.resumes ?? []) {
      const step = line.step ?? lastNumber(line.message);
      if (step !== undefined) add(firstAfter(highest, step), "log line");
    }
    const rate = get(learningRate);
    if (rate !== undefined)
      for (let i = 1; i + climbRows < rate.length; i++) {
        const before = at(rate.value, i - 1);
        if (!(at(rate.value, i) < restartShare * before) || before < restartShare * rate.peak) continue;
        let climbs = true;
        for (let k = i + 1; k <= i + climbRows; k++) climbs &&= at(rate.value, k) > at(rate.value, k - 1);
        if (climbs) add(firstAfter(highest, at(rate.step, i) - 1), "schedule began anew");
      }
    return [...found.values()].sort((a, b) => a.row - b.row);
  },
});

/** The largest step up to each row: ascending even where steps go back, so that it can be searched by halves. */
function highestUntil(steps: Float64Array): Float64Array {
  let highest = Number.NEGATIVE_INFINITY;
  return steps.map((step) => (highest = Math.max(highest, step)));
}

/** First row whose step is larger; `highest.length` when there is none. */
function firstAfter(highest: Float64Array, step: number): number {
  let low = 0;
  let high = highest.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(highest, middle) > step) high = middle;
    else low = middle + 1;
  }
  return low;
}

function lastNumber(text: string): number | undefined {
  const found = /(\d+)\D*$/.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
