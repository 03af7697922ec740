import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { epochs } from "./epochs.ts";
import { evalLoss } from "./eval-loss.ts";
import { heldQuality } from "./held-quality.ts";
import { levelOf, noiseWithin } from "./stretch.ts";
import { settledLoss } from "./supervised-loss.ts";

/** How the training loss answers to examples that it has seen before. */
export interface Exposure {
  /** The loss just before and just after each pass began, where it fell by more than noise and more than within the pass. */
  readonly drops: readonly { readonly step: number; readonly before: number; readonly after: number }[];
  /** Passes whose beginning could be judged. */
  readonly judged: number;
}

/** Rows compared on each side. */
const nearRows = 8;
const fewestRows = 2 * nearRows;
/** A drop: this many standard errors, and this share of the level. */
const dropSigmas = 5;
const dropShare = 0.08;

export const exposure = defineFact<Exposure>({
  id: "eval_loss or epoch",
  derive(_run, get) {
    const rows = get(settledLoss);
    const passes = get(epochs);
    if (rows === undefined) return undefined;
    if (passes === undefined && get(evalLoss) === undefined && get(heldQuality) === undefined) return undefined;
    const drops: { step: number; before: number; after: number }[] = [];
    let judged = 0;
    // The newest pass may begin behind the settled rows.
    const starts = passes?.starts.filter((start) => start <= rows.length) ?? [];
    for (const [i, start] of starts.entries()) {
      const from = at(starts, i - 1);
      const end = at([...starts, rows.length], i + 1);
      if (i === 0 || start - from < fewestRows || end - start < nearRows) continue;
      judged += 1;
      const before = levelOf(rows.value, start - nearRows, start);
      // The row at the seam may average steps of both passes.
      const after = levelOf(rows.value, start + 1, start + 1 + nearRows);
      const within = levelOf(rows.value, start - 2 * nearRows, start - nearRows) - before;
      const error = (1.2533 * noiseWithin(rows.value, from, end) * Math.SQRT2) / Math.sqrt(nearRows);
      const drop = before - after;
      if (drop > Math.max(dropSigmas * error, dropShare * Math.abs(before), 3 * within))
        drops.push({ step: at(rows.step, start), before, after });
    }
    return { drops, judged };
  },
});
