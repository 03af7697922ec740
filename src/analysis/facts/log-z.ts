import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { logitsLogZ } from "../signals.ts";
import { type Curve, finiteRows, longest, whole } from "./curve.ts";
import { levelOf } from "./stretch.ts";

/** Mean log-sum-exp of the output logits: softmax does not see it, so nothing but z-loss or decay holds it. */
export interface LogZ {
  readonly rows: Curve;
  readonly early: number;
  readonly late: number;
  /** Last fifth against the fifth before it: how far it still moves. */
  readonly still: number;
  /** Last row at which it had not left its start for good: watched every some steps, it left between this row and the next. */
  readonly onsetRow: number;
}

const fewestRows = 10;
/** It has left its start by this share of the way, and by more than a model that learns moves it in its first steps. */
const leftShare = 0.05;
const leftLeast = 3;

export const logZ = defineFact<LogZ>({
  id: "logits/log_z (llmdbg.watch)",
  derive(run) {
    const series = longest(run.series(logitsLogZ));
    if (series === undefined) return undefined;
    const rows = finiteRows(whole(series));
    if (rows.length < fewestRows) return undefined;
    const fifth = Math.floor(rows.length / 5);
    const early = levelOf(rows.value, 0, Math.max(3, Math.min(fifth, 10)));
    const late = levelOf(rows.value, rows.length - fifth, rows.length);
    const before = levelOf(rows.value, rows.length - 2 * fifth, rows.length - fifth);
    const left = Math.max(leftLeast, leftShare * Math.abs(late - early));
    let onset = rows.length - 1;
    while (onset > 0 && Math.abs(at(rows.value, onset - 1) - early) > left) onset -= 1;
    return { rows, early, late, still: late - before, onsetRow: Math.max(0, onset - 1) };
  },
});
