import type { Finding } from "../../model/finding.ts";

export interface Zoom {
  readonly from: number;
  readonly to: number;
}

/** So many logged steps fit on a chart with room for each; a shorter run is seen better whole. */
const fitsWhole = 150;

/**
 * The steps around an onset that a person wants to see first: 15% of the run to each side, at least
 * twenty logged steps. Undefined when the whole run is the better view.
 */
export function onsetZoom(
  finding: Finding | undefined,
  run: { readonly firstStep: number; readonly lastStep: number; readonly logged: number },
): Zoom | undefined {
  const onset = finding?.onset.step ?? undefined;
  if (onset === undefined || finding?.severity === "info" || run.logged <= fitsWhole) return undefined;
  const span = run.lastStep - run.firstStep;
  if (!(span > 0) || onset < run.firstStep || onset > run.lastStep) return undefined;
  const spacing = span / Math.max(1, run.logged - 1);
  const reach = Math.max(span * 0.15, spacing * 20);
  const from = Math.max(run.firstStep, onset - reach);
  const to = Math.min(run.lastStep, onset + reach);
  return to - from > span * 0.75 ? undefined : { from: Math.floor(from), to: Math.ceil(to) };
}

/** On a logarithmic axis pixels are not even in steps, so each decade is asked for on its own. */
export function decades(from: number, to: number): Zoom[] {
  const start = Math.max(from, 1);
  if (to <= start) return [{ from, to }];
  const parts: Zoom[] = [];
  for (let low = start; low < to;) {
    const next = 10 ** (Math.floor(Math.log10(low) + 1e-9) + 1);
    const high = Math.min(to, next);
    parts.push({ from: low, to: high });
    low = high;
  }
  return parts;
}
