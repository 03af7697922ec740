/**
 * How bad a slice is. The search is exact for every score that grows with the error of a slice of one size and that, for a
 * fixed error or for a fixed mean error, is greatest at one end of a range of sizes; both of these are of that kind.
 */
export interface Score {
  /** `error`: the sum over its examples; `depth`: how many conditions it has. Never greater for more conditions. */
  of(size: number, error: number, depth: number): number;
  /** What is not above it is not wanted. */
  readonly least: number;
}

/** All examples that are searched. */
export interface Whole {
  readonly n: number;
  /** Sum of their errors. */
  readonly error: number;
}

/**
 * SliceLine (Sagadeeva and Boehm, SIGMOD 2021): how many times the average error, less a penalty on small slices. The
 * whole has a score of 0; at alpha = 0.5 twice the error is worth half the size.
 */
export const sliceLineScore = ({ n, error: total }: Whole, alpha: number): Score => ({
  least: 0,
  of: (size, error) => alpha * ((n * error) / (size * total) - 1) - (1 - alpha) * (n / size - 1),
});

const xLogX = (x: number): number => (x > 0 ? x * Math.log(x) : 0);
const chaos = (hits: number, n: number): number => xLogX(hits) + xLogX(n - hits) - xLogX(n);

/**
 * Evidence that a slice is worse than the rest, in natural logarithms: of the likelihood ratio where errors are 0 or 1, half
 * the square of the difference in standard errors otherwise; less the logarithm of how many slices of as many conditions
 * there are to choose from (`choices[depth - 1]`). Zero is then about what the best of pure chance reaches, at each depth,
 * and a shorter rule wins over a longer one that chance could have made of it.
 */
export function evidenceScore(
  whole: Whole,
  spread: number | "share",
  choices: readonly number[],
  least: number,
): Score {
  const { n, error: total } = whole;
  const price = choices.map((_, index) => Math.log(Math.max(1, ...choices.slice(0, index + 1))));
  const priceOf = (depth: number): number => price[Math.min(depth, price.length) - 1] ?? 0;
  if (spread === "share") {
    const none = chaos(total, n);
    return {
      least,
      of: (size, error, depth) =>
        size >= n || error * n <= total * size
          ? -priceOf(depth)
          : chaos(error, size) + chaos(total - error, n - size) - none - priceOf(depth),
    };
  }
  return {
    least,
    of(size, error, depth) {
      const excess = error - (size * total) / n;
      if (size >= n || excess <= 0) return -priceOf(depth);
      return (excess * excess * n) / (2 * spread * spread * size * (n - size)) - priceOf(depth);
    },
  };
}

/** How many slices there are with 1, 2, ... conditions, at most one of each attribute, of `values[i]` values each. */
export function choicesByDepth(values: readonly number[], depth: number): number[] {
  const most = Math.min(depth, values.length);
  const counts = Array.from({ length: most + 1 }, (_, index): number => (index === 0 ? 1 : 0));
  for (const count of values)
    for (let length = most; length >= 1; length -= 1)
      counts[length] = (counts[length] ?? 0) + (counts[length - 1] ?? 0) * count;
  return counts.slice(1);
}
