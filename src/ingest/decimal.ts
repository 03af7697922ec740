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
/** What the quotient and product of pairs below are off by at most is 2^-103; this leaves room. */
const doubt = 2 ** -95;

/**
 * `mantissa` x 10^`exponent`, for a mantissa of at most `exactDigits` digits. Both are exact, so that one
 * multiplication or division rounds once, which is correct. Undefined where a power of ten is not exact.
 */
export function decimal(mantissa: number, exponent: number): number | undefined {
  const power = powers[exponent < 0 ? -exponent : exponent];
  if (power === undefined) return undefined;
  return exponent < 0 ? mantissa / power : mantissa * power;
}

/**
 * The same for `high` x 10^`lowDigits` + `low`, with up to `mostLowDigits` more digits: as the sum of two float64
 * (T. J. Dekker, A floating-point technique for extending the available precision, 1971). Undefined in the rare
 * case that the value is too near to the middle between two float64 to tell which is nearer.
 */
export function longDecimal(high: number, low: number, lowDigits: number, exponent: number): number | undefined {
  const power = powers[exponent < 0 ? -exponent : exponent];
  const shift = powers[lowDigits];
  if (power === undefined || shift === undefined || lowDigits > mostLowDigits) return undefined;
  const product = high * shift;
  const mantissa = product + low;
  // What rounding took from the product and from the sum.
  const rest = low - (mantissa - product) + productError(high, shift, product);
  let first: number;
  let second: number;
  if (exponent < 0) {
    first = mantissa / power;
    const back = first * power;
    second = (mantissa - back - productError(first, power, back) + rest) / power;
  } else {
    first = mantissa * power;
    second = productError(mantissa, power, first) + rest * power;
  }
  const margin = first * doubt;
  const below = first + (second - margin);
  return below === first + (second + margin) ? below : undefined;
}

/** `a` x `b` - `product`, exactly. */
function productError(a: number, b: number, product: number): number {
  const wideA = splitter * a;
  const highA = wideA - (wideA - a);
  const lowA = a - highA;
  const wideB = splitter * b;
  const highB = wideB - (wideB - b);
  const lowB = b - highB;
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
}
