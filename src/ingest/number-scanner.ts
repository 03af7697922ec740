import { decimal, exactDigits, found } from "./decimal.ts";
import { decodeUtf8 } from "./utf8.ts";

/**
 * Reads a JSON number out of a text without making a string of it: long logs are nearly all numbers.
 * The value is the one that `Number` gives; what `decimal.ts` can't tell is left to it.
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
    const isZero = code === 48;
    let mantissa = code - 48;
    let digits = isZero ? 0 : 1;
    let low = 0;
    let lowDigits = 0;
    code = text.charCodeAt(++at);
    // "007" is no JSON number.
    if (isZero && code >= 48 && code <= 57) return false;
    for (; code >= 48 && code <= 57; code = text.charCodeAt(++at)) {
      if (digits < exactDigits) {
        mantissa = mantissa * 10 + (code - 48);
        digits += 1;
      } else {
        low = low * 10 + (code - 48);
        lowDigits += 1;
      }
    }
    let exponent = 0;
    if (code === 46) {
      const first = at + 1;
      for (code = text.charCodeAt(++at); code >= 48 && code <= 57; code = text.charCodeAt(++at)) {
        if (digits < exactDigits) {
          mantissa = mantissa * 10 + (code - 48);
          if (mantissa !== 0) digits += 1;
        } else {
          low = low * 10 + (code - 48);
          lowDigits += 1;
        }
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
    if (decimal(mantissa, low, lowDigits, exponent)) {
      const size = found[0] ?? Number.NaN;
      this.value = isNegative ? -size : size;
    } else this.value = Number(text.slice(from, at));
    return true;
  }
}

/** The digits of a fraction are taken by four, as one integer of 32 bits with the first digit at its low end. */
const fourBytes = 4;
const notDigits = (four: number): boolean =>
  (four & 0xf0f0f0f0) !== 0x30303030 || ((four + 0x06060606) & 0xf0f0f0f0) !== 0x30303030;
const numberOfFour = (four: number): number => {
  const digits = four & 0x0f0f0f0f;
  const pairs = Math.imul(digits, 10) + (digits >>> 8);
  return Math.imul(pairs & 0xff, 100) + ((pairs >>> 16) & 0xff);
};

/** The same on bytes of ASCII. */
export class ByteNumberScanner {
  value = Number.NaN;
  /** Behind the number. */
  end = 0;

  /** False where no plain JSON number begins: the caller then reads what is there in its own way. */
  scan(bytes: Uint8Array, from: number, view: DataView): boolean {
    let at = from;
    let code = bytes[at] ?? 0;
    const isNegative = code === 45;
    if (isNegative) code = bytes[++at] ?? 0;
    if (!(code >= 48 && code <= 57)) return false;
    const isZero = code === 48;
    let mantissa = code - 48;
    let digits = isZero ? 0 : 1;
    let low = 0;
    let lowDigits = 0;
    code = bytes[++at] ?? 0;
    // "007" is no JSON number.
    if (isZero && code >= 48 && code <= 57) return false;
    for (; code >= 48 && code <= 57; code = bytes[++at] ?? 0) {
      if (digits < exactDigits) {
        mantissa = mantissa * 10 + (code - 48);
        digits += 1;
      } else {
        low = low * 10 + (code - 48);
        lowDigits += 1;
      }
    }
    let exponent = 0;
    if (code === 46) {
      const first = at + 1;
      const last = bytes.length - fourBytes;
      at = first;
      if (mantissa === 0) while (bytes[at] === 48) at += 1;
      for (; at <= last; at += fourBytes) {
        const four = view.getInt32(at, true);
        if (notDigits(four)) break;
        if (lowDigits === 0 && digits + fourBytes <= exactDigits) {
          mantissa = mantissa * 10_000 + numberOfFour(four);
          digits += fourBytes;
        } else {
          low = low * 10_000 + numberOfFour(four);
          lowDigits += fourBytes;
        }
      }
      for (code = bytes[at] ?? 0; code >= 48 && code <= 57; code = bytes[++at] ?? 0) {
        if (lowDigits === 0 && digits < exactDigits) {
          mantissa = mantissa * 10 + (code - 48);
          digits += 1;
        } else {
          low = low * 10 + (code - 48);
          lowDigits += 1;
        }
      }
      if (at === first) return false;
      exponent = first - at;
    }
    if (code === 101 || code === 69) {
      code = bytes[++at] ?? 0;
      const isSmall = code === 45;
      if (isSmall || code === 43) code = bytes[++at] ?? 0;
      if (!(code >= 48 && code <= 57)) return false;
      let power = 0;
      for (; code >= 48 && code <= 57; code = bytes[++at] ?? 0) power = power * 10 + (code - 48);
      exponent += isSmall ? -power : power;
    }
    this.end = at;
    if (decimal(mantissa, low, lowDigits, exponent)) {
      const size = found[0] ?? Number.NaN;
      this.value = isNegative ? -size : size;
    } else this.value = Number(decodeUtf8(bytes.subarray(from, at)));
    return true;
  }
}
