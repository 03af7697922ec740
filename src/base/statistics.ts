/**
 * Robust statistics on plain number arrays. Nothing here assumes a scale or a distribution; what
 * is named "noise" or "sigma" is scaled so that it equals the standard deviation on normal data.
 */

/** Median absolute deviation -> standard deviation of normal data. */
const madToSigma = 1.4826;
/** Median of |a - b| of two normal draws is 0.9539 standard deviations of one. */
const differenceToSigma = 1 / 0.9539;

export type Numbers = ArrayLike<number>;

/** The item at `index`; NaN outside, so that a missing number can never pass a comparison. */
export const at = (values: Numbers, index: number): number => values[index] ?? Number.NaN;

const sorted = (values: Numbers): Float64Array => new Float64Array(values).sort();

/** Quantile (type 7, linear between neighbours) of the first `length` values, in ascending order; NaN when empty. */
function quantileOfSorted(ascending: Numbers, share: number, length = ascending.length): number {
  if (length === 0) return Number.NaN;
  const place = (length - 1) * share;
  const below = Math.floor(place);
  const low = at(ascending, below);
  return below + 1 < length ? low + (at(ascending, below + 1) - low) * (place - below) : low;
}

export const quantile = (values: Numbers, share: number): number => quantileOfSorted(sorted(values), share);
export const medianOfSorted = (ascending: Numbers): number => quantileOfSorted(ascending, 0.5);
export const median = (values: Numbers): number => quantile(values, 0.5);

export function mean(values: Numbers): number {
  let sum = 0;
  // A loop of its own for the columns of long curves: it knows what it reads, and is several times as fast.
  if (values instanceof Float64Array) for (let i = 0; i < values.length; i++) sum += values[i] ?? Number.NaN;
  else for (let i = 0; i < values.length; i++) sum += at(values, i);
  return sum / values.length;
}

export function mad(values: Numbers, center = median(values)): number {
  return madToSigma * median(Float64Array.from(values, (value) => Math.abs(value - center)));
}

/**
 * Size of the point-to-point noise of a curve, blind to its trend and to rare jumps: from the
 * median of the differences of neighbours.
 */
export const noiseOf = (values: Numbers): number => noiseOfDifferences(differencesOf(values));

/** Absolute differences of neighbours. */
export function differencesOf(values: Numbers): Float64Array<ArrayBuffer> {
  const differences = new Float64Array(Math.max(0, values.length - 1));
  for (let i = 1; i < values.length; i++) differences[i - 1] = Math.abs(at(values, i) - at(values, i - 1));
  return differences;
}

/** The same from absolute differences of neighbours. */
export const noiseOfDifferences = (differences: Numbers): number => differenceToSigma * median(differences);

/** The same from the median of absolute differences of neighbours. */
export const noiseOfMedian = (difference: number): number => differenceToSigma * difference;

/** The second difference of independent noise has sqrt(6) times its standard deviation; the median of its size 0.6745 of that. */
const bendToSigma = 1 / (0.6745 * Math.sqrt(6));

/**
 * Noise of a curve that falls fast from row to row is at most this, at 95 %, however few its rows: from the sizes of its
 * second differences, of which the one is taken that lies above the median of all such with that certainty (a binomial
 * count; 8 of 10, 20 of 30, and of many the median itself). Infinite for fewer than five: none of them need be above.
 */
export function noiseAtMost(bends: Numbers): number {
  const place = placeAbove(bends.length);
  return place < bends.length ? bendToSigma * at(sorted(bends), place) : Number.POSITIVE_INFINITY;
}
const certainty = 0.95;
/** Of the normal distribution, which the binomial is as good as from this count on. */
const certaintyInSigmas = 1.645;
const manyCounted = 100;

/** Place, from 0, of the value in ascending order that lies above the median of all such at 95 %. */
function placeAbove(count: number): number {
  if (count >= manyCounted) return Math.ceil((count + certaintyInSigmas * Math.sqrt(count)) / 2);
  let chance = 0.5 ** count;
  let below = chance;
  let place = 0;
  while (place < count && below < certainty) {
    chance *= (count - place) / (place + 1);
    place += 1;
    below += chance;
  }
  return place;
}

/** Sizes of the second differences. */
export function bendsOf(values: Numbers): Float64Array<ArrayBuffer> {
  const bends = new Float64Array(Math.max(0, values.length - 2));
  for (let i = 2; i < values.length; i++)
    bends[i - 2] = Math.abs(at(values, i) - 2 * at(values, i - 1) + at(values, i - 2));
  return bends;
}

/** Least-squares slope over the index; NaN for fewer than two values. */
export function slope(values: Numbers): number {
  const n = values.length;
  const middle = (n - 1) / 2;
  const average = mean(values);
  let above = 0;
  let below = 0;
  for (let i = 0; i < n; i++) {
    above += (i - middle) * (at(values, i) - average);
    below += (i - middle) ** 2;
  }
  return above / below;
}

/** Keeps the newest `size` values in ascending order: quantiles in O(1), a push in O(log size) plus one memory move. */
export class SortedWindow {
  readonly #order: Float64Array;
  readonly #ascending: Float64Array;
  #pushed = 0;
  readonly size: number;

  constructor(size: number) {
    this.size = size;
    this.#order = new Float64Array(size);
    this.#ascending = new Float64Array(size);
  }

  get length(): number {
    return Math.min(this.#pushed, this.size);
  }

  /** `value` must not be NaN: it has no place in an order. */
  push(value: number): void {
    const ascending = this.#ascending;
    const slot = this.#pushed % this.size;
    if (this.#pushed < this.size) {
      const place = this.#placeOf(value, this.#pushed);
      ascending.copyWithin(place + 1, place, this.#pushed);
      ascending[place] = value;
    } else {
      // The leaving value makes room: only what lies between the two places moves.
      let hole = this.#placeOf(at(this.#order, slot), this.size);
      for (; hole + 1 < this.size && at(ascending, hole + 1) < value; hole++) ascending[hole] = at(ascending, hole + 1);
      for (; hole > 0 && at(ascending, hole - 1) > value; hole--) ascending[hole] = at(ascending, hole - 1);
      ascending[hole] = value;
    }
    this.#order[slot] = value;
    this.#pushed += 1;
  }

  quantile(share: number): number {
    return quantileOfSorted(this.#ascending, share, this.length);
  }

  get largest(): number {
    return at(this.#ascending, this.length - 1);
  }

  /** Where `value` stands, or would be inserted, among the first `length` sorted values. */
  #placeOf(value: number, length: number): number {
    let low = 0;
    let high = length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(this.#ascending, middle) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Noise from a window of absolute neighbour differences; see `noiseOf`. */
export const noiseOfWindow = (differences: SortedWindow): number => differenceToSigma * differences.quantile(0.5);

/** Half width of the interquartile range of a window, as a standard deviation. */
export const spreadOfWindow = (window: SortedWindow): number => (window.quantile(0.75) - window.quantile(0.25)) / 1.349;
