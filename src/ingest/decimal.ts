/** Decimal digits to the float64 that is nearest to them, which is what `Number` gives for their text. */

/** Powers of ten up to this one are exact in a float64. */
const mostPower = 22;
const powers: readonly number[] = Array.from({ length: mostPower + 1 }, (_, i) => Number(`1e${i}`));
/** Every integer of so many digits is exact in a float64. */
export const exactDigits = 15;
/** Digits behind those that are still taken into account here; Python prints up to two. */
const mostLowDigits = 7;
/** Veltkamp's constant: it splits a float64 into two halves whose products are exact. */
const splitter = 2 ** 27 + 1;
/** What the quotient and product of pairs below are off by at most is 2^-102; this leaves room. */
const doubt = 2 ** -95;
const upperHalf = (value: number): number => splitter * value - (splitter * value - value);
const upperPowers = powers.map(upperHalf);
const inverses = powers.map((power) => 1 / power);

/** What `decimal` found: a cell, since a number that is returned would be an object each time. */
export const found = new Float64Array(1);

/**
 * The number of these digits (see `longDecimal`), into `found`. False where it can't be told: the caller then asks
 * `Number` for its text.
 */
export function decimal(high: number, low: number, lowDigits: number, exponent: number): boolean {
  if (lowDigits > 0) return longDecimal(high, low, lowDigits, exponent);
  if (exponent < -mostPower || exponent > mostPower) return false;
  // Both exact, so that one multiplication or division rounds once, which is correct.
  found[0] = exponent < 0 ? high / (powers[-exponent] ?? 1) : high * (powers[exponent] ?? 1);
  return true;
}

/**
 * (`high` x 10^`lowDigits` + `low`) x 10^`exponent`, for a `high` of `exactDigits` digits and up to `mostLowDigits`
 * more, as the sum of two float64 (T. J. Dekker, A floating-point technique for extending the available precision,
 * 1971). False in the rare case that the value is too near to the middle between two float64 to tell which is nearer.
 */
function longDecimal(high: number, low: number, lowDigits: number, exponent: number): boolean {
  const place = exponent < 0 ? -exponent : exponent;
  if (place > mostPower || lowDigits > mostLowDigits) return false;
  const power = powers[place] ?? 1;
  const upperPower = upperPowers[place] ?? 1;
  const shift = powers[lowDigits] ?? 1;
  const upperShift = upperPowers[lowDigits] ?? 1;
  const product = high * shift;
  const whole = product + low;
  // What rounding took from the product and from the sum.
  const rest = low - (whole - product) + productError(high, shift, upperShift, product);
  let main: number;
  let more: number;
  if (exponent < 0) {
    main = whole / power;
    const back = main * power;
    more = (whole - back - productError(main, power, upperPower, back) + rest) * (inverses[place] ?? 1);
  } else {
    main = whole * power;
    more = productError(whole, power, upperPower, main) + rest * power;
  }
  const margin = main * doubt;
  const below = main + (more - margin);
  found[0] = below;
  return below === main + (more + margin);
}

/** `a` x `b` - `product`, exactly. `upperB`: the upper half of `b`. */
function productError(a: number, b: number, upperB: number, product: number): number {
  const upperA = upperHalf(a);
  const lowerA = a - upperA;
  const lowerB = b - upperB;
  return upperA * upperB - product + upperA * lowerB + lowerA * upperB + lowerA * lowerB;
}
