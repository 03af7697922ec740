import { at, SortedWindow, spreadOfWindow } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, defineFold } from "../fold.ts";
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

interface Open {
  readonly row: number;
  readonly center: number;
  readonly bar: number;
  readonly largestBefore: number;
  peakRow: number;
}

class Scan {
  readonly band = new SortedWindow(bandRows);
  readonly closed: Surge[] = [];
  open: Open | null = null;
  nonFinite = 0;
  skipped = 0;
  largest = 0;
  /** The row before was not finite; a finite one after it means that its step was skipped. */
  wasLost = false;
}

const scan = defineFold<Scan>({
  start: () => new Scan(),
  advance(state, rows, from) {
    const { band, closed } = state;
    for (let i = from; i < rows.length; i++) {
      const value = at(rows.value, i);
      if (!Number.isFinite(value)) {
        state.nonFinite += 1;
        state.wasLost = true;
        continue;
      }
      if (state.wasLost) state.skipped += 1;
      state.wasLost = false;
      if (value <= 0) continue;
      const log = Math.log10(value);
      const { open } = state;
      if (open !== null) {
        if (value > at(rows.value, open.peakRow)) open.peakRow = i;
        if (log > open.bar) continue;
        closed.push(...surgeOf(rows, open, i));
        state.open = null;
      } else if (band.length >= fewestRows) {
        const center = band.quantile(0.5);
        const bar = center + Math.max(bandSigmas * spreadOfWindow(band), Math.log10(bandFactor));
        if (log > bar) {
          state.open = { row: i, center, bar, peakRow: i, largestBefore: state.largest };
          continue;
        }
      }
      band.push(log);
      if (value > state.largest) state.largest = value;
    }
  },
});

/** Empty when it did not reach what counts as a surge. */
function surgeOf(rows: Curve, { row, center, peakRow, largestBefore }: Open, endRow: number | null): Surge[] {
  const peak = at(rows.value, peakRow);
  const usual = 10 ** center;
  if (!(peak >= surgeFactor * usual && peak > largestBefore)) return [];
  return [
    {
      row,
      step: at(rows.step, row),
      usual,
      peak: { step: at(rows.step, peakRow), value: peak },
      endStep: endRow === null ? null : at(rows.step, endRow),
      rows: (endRow ?? rows.length) - row,
    },
  ];
}

export const gradShape = defineFact<GradShape>({
  id: "grad_norm",
  derive(_run, get) {
    const rows = get(gradNorm);
    if (rows === undefined) return undefined;
    const { band, closed, open, largest, nonFinite, skipped } = scan(rows);
    return {
      rows,
      usual: 10 ** band.quantile(0.5),
      largest,
      surges: [...closed, ...(open === null ? [] : surgeOf(rows, open, null))],
      nonFinite,
      skipped,
    };
  },
});
