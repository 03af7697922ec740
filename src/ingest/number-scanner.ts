/** 10^0 to 10^22 are exact in a float64. */
const powers: readonly number[] = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Every integer of so many digits is exact in a float64. */
const exactDigits = 15;

/**
 * Reads a JSON number out of a text without making a string of it: long logs are nearly all numbers.
 * The value is the one that `Number` gives. Both parts are exact, so that one multiplication or division rounds
 * once, which is correct; what has more digits or a larger exponent is left to `Number`.
 */
export class NumberScanner {
  value = Number.NaN;
  /** Behind the number. */
  end = 0;

  /** False where no plain JSON number begins: the caller then reads what is there in its own way. */
  scan(text: string, from: number): boolean {
    let at = from;
    let code = text.charCodeAt(at);
    const isNegative = code === 45;
    if (isNegative) code = text.charCodeAt(++at);
    if (!(code >= 48 && code <= 57)) return false;
    let mantissa = code - 48;
    let digits = mantissa === 0 ? 0 : 1;
    code = text.charCodeAt(++at);
    // "007" is no JSON number.
    if (mantissa === 0 && code >= 48 && code <= 57) return false;
    for (; code >= 48 && code <= 57; code = text.charCodeAt(++at)) {
      mantissa = mantissa * 10 + (code - 48);
      digits += 1;
    }
    let exponent = 0;
    if (code === 46) {
      const first = at + 1;
      for (code = text.charCodeAt(++at); code >= 48 && code <= 57; code = text.charCodeAt(++at)) {
        mantissa = mantissa * 10 + (code - 48);
        if (mantissa !== 0) digits += 1;
      }
      if (at === first) return false;
      exponent = first - at;
    }
    if (code === 101 || code === 69) {
      code = text.charCodeAt(++at);
      const isSmall = code === 45;
      if (isSmall || code === 43) code = text.charCodeAt(++at);
      if (!(code >= 48 && code <= 57)) return false;
      let power = 0;
      for (; code >= 48 && code <= 57; code = text.charCodeAt(++at)) power = power * 10 + (code - 48);
      exponent += isSmall ? -power : power;
    }
    this.end = at;
    if (digits > exactDigits || exponent < -22 || exponent > 22) this.value = Number(text.slice(from, at));
    else {
      const size = exponent < 0 ? mantissa / (powers[-exponent] ?? 1) : mantissa * (powers[exponent] ?? 1);
      this.value = isNegative ? -size : size;
    }
    return true;
  }
}
