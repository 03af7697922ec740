import { at, SortedWindow, spreadOfWindow } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import type { Curve } from "./curve.ts";
import { gradNorm } from "./grad-norm.ts";

/** A stretch of gradient norms far above their band. */
export interface Surge {
  readonly row: number;
  readonly step: number;
  /** Median of the band before it. */
  readonly usual: number;
  readonly peak: { readonly step: number; readonly value: number };
  /** First step back in the band; null when the log ends, or the numbers are lost, before that. */
  readonly endStep: number | null;
  readonly rows: number;
}

export interface GradShape {
  readonly rows: Curve;
  readonly usual: number;
  readonly largest: number;
  readonly surges: readonly Surge[];
  /** Rows whose norm is not finite, and how many of them were followed by a finite one. */
  readonly nonFinite: number;
  readonly skipped: number;
}

/** Gradient norms are judged on a log scale: usual values differ a thousandfold between models. */
const bandRows = 128;
const fewestRows = 12;
/** Out of band: this many robust standard deviations of the log norm, the bound that OLMo 2 uses for spikes ... */
const bandSigmas = 7;
/** ... and at least four times the median: the log norm of a quiet run has hardly any spread. */
const bandFactor = 4;
/** A surge reaches ten times the usual: Megatron-LM calls an iteration with 10x the largest norm seen a spike (pretrain_gpt.py). */
const surgeFactor = 10;

export const gradShape = defineFact<GradShape>({
  id: "grad_norm",
  derive(_run, get) {
    const rows = get(gradNorm);
    if (rows === undefined) return undefined;
    const band = new SortedWindow(bandRows);
    const surges: Surge[] = [];
    let open: { row: number; center: number; bar: number; peakRow: number; largestBefore: number } | null = null;
    let nonFinite = 0;
    let skipped = 0;
    let largest = 0;
    const close = (endRow: number | null): void => {
      if (open === null) return;
      const peak = at(rows.value, open.peakRow);
      const usual = 10 ** open.center;
      if (peak >= surgeFactor * usual && peak > open.largestBefore)
        surges.push({
          row: open.row,
          step: at(rows.step, open.row),
          usual,
          peak: { step: at(rows.step, open.peakRow), value: peak },
          endStep: endRow === null ? null : at(rows.step, endRow),
          rows: (endRow ?? rows.length) - open.row,
        });
      open = null;
    };
    for (let i = 0; i < rows.length; i++) {
      const value = at(rows.value, i);
      if (!Number.isFinite(value)) {
        nonFinite += 1;
        if (Number.isFinite(at(rows.value, i + 1))) skipped += 1;
        continue;
      }
      if (value <= 0) continue;
      const log = Math.log10(value);
      if (open !== null) {
        if (value > at(rows.value, open.peakRow)) open.peakRow = i;
        if (log > open.bar) continue;
        close(i);
      } else if (band.length >= fewestRows) {
        const center = band.quantile(0.5);
        const bar = center + Math.max(bandSigmas * spreadOfWindow(band), Math.log10(bandFactor));
        if (log > bar) {
          open = { row: i, center, bar, peakRow: i, largestBefore: largest };
          continue;
        }
      }
      band.push(log);
      if (value > largest) largest = value;
    }
    close(null);
    return { rows, usual: 10 ** band.quantile(0.5), largest, surges, nonFinite, skipped };
  },
});
