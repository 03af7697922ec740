import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { defineFold } from "../fold.ts";
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

/**
 * The same step again, after a pause: a run that was killed right after it logged, and resumed from the step before. The
 * pause is this many times as long as rows usually take.
 */
const pauseTimes = 5;
const fewestGaps = 5;
const keptGaps = 9;

/** Where steps went back, and the largest step up to each row: ascending, so that it can be searched by halves. */
class Steps {
  readonly backs: number[] = [];
  /** Times between the last rows. */
  readonly gaps: number[] = [];
  highest = new Float64Array(64);
}

const stepsOf = defineFold<Steps>({
  start: () => new Steps(),
  advance(state, { step, time, length }, from) {
    if (length > state.highest.length) {
      const larger = new Float64Array(Math.max(length, 2 * state.highest.length));
      larger.set(state.highest.subarray(0, from));
      state.highest = larger;
    }
    for (let i = from; i < length; i++) {
      const here = at(step, i);
      const gap = i > 0 ? at(time, i) - at(time, i - 1) : Number.NaN;
      if (i > 0 && (here < at(step, i - 1) || (here === at(step, i - 1) && isPause(gap, state.gaps))))
        state.backs.push(i);
      if (gap > 0) state.gaps.push(gap);
      if (state.gaps.length > keptGaps) state.gaps.shift();
      state.highest[i] = i > 0 ? Math.max(at(state.highest, i - 1), here) : here;
    }
  },
});

const isPause = (gap: number, gaps: readonly number[]): boolean =>
  gaps.length >= fewestGaps && gap > pauseTimes * median(gaps);

/** Rows of a learning rate that fell to below `restartShare` of the one before and then climbed. */
const restartsOf = defineFold<{ readonly rows: number[] }>({
  start: () => ({ rows: [] }),
  advance({ rows }, { value, length }, from) {
    // A row is judged when the rows that must climb are there.
    for (let i = Math.max(1, from - climbRows); i + climbRows < length; i++) {
      if (!(at(value, i) < restartShare * at(value, i - 1))) continue;
      let climbs = true;
      for (let k = i + 1; k <= i + climbRows; k++) climbs &&= at(value, k) > at(value, k - 1);
      if (climbs) rows.push(i);
    }
  },
});

export const resumes = defineFact<readonly Resume[]>({
  id: "resume",
  derive(_run, get) {
    const rows = get(supervisedLoss);
    if (rows === undefined) return undefined;
    const { backs, highest } = stepsOf(rows);
    const found = new Map<number, Resume>();
    const add = (row: number, from: Resume["from"]): void => {
      // Signs of one resume stand within a few rows of each other.
      for (let near = row - climbRows; near <= row + climbRows; near++) if (found.has(near)) return;
      if (row > 0 && row < rows.length) found.set(row, { row, step: at(rows.step, row), from });
    };
    const firstAfter = (step: number): number => firstAbove(highest, rows.length, step);
    for (const row of backs) add(row, "steps went back");
    for (const line of get(logLines)?.resumes ?? []) {
      const step = line.step ?? lastNumber(line.message);
      if (step !== undefined) add(firstAfter(step), "log line");
    }
    const rate = get(learningRate);
    if (rate !== undefined)
      for (const row of restartsOf(rate).rows)
        if (at(rate.value, row - 1) >= restartShare * rate.peak)
          add(firstAfter(at(rate.step, row) - 1), "schedule began anew");
    return [...found.values()].sort((a, b) => a.row - b.row);
  },
});

/** First of the rows whose number is larger; `length` when there is none. */
function firstAbove(highest: Float64Array, length: number, step: number): number {
  let low = 0;
  let high = length;
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
