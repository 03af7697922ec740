/** Corrections for testing many things at once. Answers stand where their p-values stood. */

/** The places of `p` from the smallest up. */
const ascending = (p: readonly number[]): number[] =>
  Array.from(p, (_, index) => index).toSorted((a, b) => (p[a] ?? 1) - (p[b] ?? 1));

/**
 * Benjamini and Hochberg's q-values: taking all with q <= 0.05 as found, at most 5 % of what is taken is false on average
 * (where nothing is true: anything is taken in at most 5 % of cases).
 */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const q = Array.from(p, () => 1);
  let smallest = 1;
  ascending(p).forEach((_, rank, order) => {
    const place = order.length - 1 - rank;
    const index = order[place] ?? 0;
    smallest = Math.min(smallest, ((p[index] ?? 1) * order.length) / (place + 1));
    q[index] = smallest;
  });
  return q;
}

/** Holm's p-values: any at all that is false among those <= 0.05 has a probability of at most 5 %. */
export function holm(p: readonly number[]): number[] {
  const adjusted = Array.from(p, () => 1);
  let largest = 0;
  ascending(p).forEach((index, rank, order) => {
    largest = Math.max(largest, Math.min(1, (p[index] ?? 1) * (order.length - rank)));
    adjusted[index] = largest;
  });
  return adjusted;
}
