import { defineFact } from "../fact.ts";
import type { SeriesData } from "../run-data.ts";
import { layerDeadShare, layerSaturatedShare } from "../signals.ts";
import { levelOf } from "./stretch.ts";

/** The worst layer of each kind at the end of what was watched. */
export interface Units {
  readonly dead: { readonly layer: string; readonly share: number } | null;
  readonly saturated: { readonly layer: string; readonly share: number } | null;
}

const lastRows = 5;

export const units = defineFact<Units>({
  id: "layer/dead_share or layer/saturated_share (watch)",
  derive(run) {
    const dead = worst(run.series(layerDeadShare));
    const saturated = worst(run.series(layerSaturatedShare));
    return dead === null && saturated === null ? undefined : { dead, saturated };
  },
});

function worst(series: readonly SeriesData[]): { layer: string; share: number } | null {
  let found: { layer: string; share: number } | null = null;
  for (const { labels, value, length } of series) {
    const share = levelOf(value, length - lastRows, length);
    if (share > (found?.share ?? -1)) found = { layer: labels["layer"] ?? "", share };
  }
  return found;
}
