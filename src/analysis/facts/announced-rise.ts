import { at } from "../../base/statistics.ts";
import type { LogRecord } from "../../model/record.ts";
import { defineFact } from "../fact.ts";
import { type Curve, finiteRows, rowBefore } from "./curve.ts";
import { evalLoss } from "./eval-loss.ts";
import { logLines } from "./log-lines.ts";
import { type Excursion, lossShape } from "./loss-shape.ts";

/** A rise of the loss where the log says that other training data begins. */
export interface AnnouncedRise {
  readonly excursion: Excursion;
  readonly announcement: string;
}

/** Loaders hold a few batches of what came before. */
const lateRows = 2;
/** Plans have a handful of stages; a line that comes with each epoch announces nothing. */
const mostStages = 8;
const longestQuote = 120;

/**
 * On purpose: the line came just before, the loss stays below that of the untrained model and is on its way back, and
 * held-out data, where they were looked at since, say that nothing was lost.
 */
export const announcedRises = defineFact<readonly AnnouncedRise[]>({
  id: "loss of supervised training and a log that announces its data",
  derive(_run, get) {
    const shape = get(lossShape);
    if (shape === undefined || shape.excursions.length === 0) return undefined;
    const stages = get(logLines)?.stages ?? [];
    if (stages.length === 0 || stages.length > mostStages) return undefined;
    const logged = get(evalLoss);
    const held = logged === undefined ? undefined : finiteRows(logged);
    const rises = shape.excursions.flatMap((excursion): AnnouncedRise[] => {
      const line = stages.find((record) => isBeside(record, shape.rows, excursion.row));
      return line !== undefined &&
        excursion.peak.value < shape.initial &&
        isFalling(shape.rows, excursion) &&
        !hasLost(held, excursion.step)
        ? [{ excursion, announcement: line.message.trim().slice(0, longestQuote) }]
        : [];
    });
    return rises.length > 0 ? rises : undefined;
  },
});

/** Whether a line came between this row of the loss and the rows just before. */
function isBeside({ step, time }: LogRecord, rows: Curve, row: number): boolean {
  const before = Math.max(0, row - lateRows);
  if (step !== null) return step >= at(rows.step, before) && step <= at(rows.step, row);
  return time !== null && time >= at(rows.time, before) && time <= at(rows.time, row);
}

/** The peak is no later than the second row, as where new data are met for the first time. */
const isFalling = (rows: Curve, { row, peak, endRow }: Excursion): boolean =>
  peak.row <= row + 1 &&
  (endRow !== null || peak.row === rows.length - 1 || at(rows.value, rows.length - 1) < peak.value);

/** Whether the newest evaluation since is worse than the last one before. */
function hasLost(held: Curve | undefined, step: number): boolean {
  if (held === undefined) return false;
  const last = rowBefore(held, step - 1);
  const end = held.length - 1;
  return last >= 0 && end > last && at(held.value, end) > at(held.value, last);
}
