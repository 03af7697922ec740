/** Which runs of a side count for themselves: a copy of a run, or a seed run again, is no further evidence. */
import type { RunData } from "../run-data.ts";
import type { Seeded } from "./judged-run.ts";

export interface Copy {
  readonly copy: Seeded;
  readonly of: string;
}

/** Runs whose every point equals those of an earlier run of the side are copies, whatever seed they name. */
export function withoutCopies(runs: readonly Seeded[]): { readonly own: Seeded[]; readonly copies: Copy[] } {
  const own: Seeded[] = [];
  const copies: Copy[] = [];
  for (const one of runs) {
    const known = own.find(({ run }) => hasSamePoints(run.data, one.run.data));
    if (known === undefined) own.push(one);
    else copies.push({ copy: one, of: known.run.name });
  }
  return { own, copies };
}

function hasSamePoints(a: RunData, b: RunData): boolean {
  if (a === b) return true;
  if (a.seriesCount !== b.seriesCount || a.seriesCount === 0) return false;
  const others = new Map([...b.series].map((series) => [series.id, series]));
  return [...a.series].every(({ id, step, value }) => {
    const other = others.get(id);
    return other !== undefined && isEqual(step, other.step) && isEqual(value, other.value);
  });
}

const isEqual = (a: Float64Array, b: Float64Array): boolean =>
  a.length === b.length && a.every((one, i) => Object.is(one, b[i]));

/** Runs of one seed count once; a run whose seed is unknown counts for itself. */
export const countSeeds = (runs: readonly { readonly seed: number | string | null }[]): number =>
  new Set(runs.map(({ seed }, i) => (seed === null ? `run ${i}` : `seed ${seed}`))).size;
