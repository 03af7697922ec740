/**
 * White space as Python's `str.split` and `str.strip` see it, since the reference implementations of text metrics are
 * Python: U+001C to U+001F and U+0085 separate, U+FEFF does not; JavaScript's `\s` has it the other way round.
 */
const white = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const leading = new RegExp(`^[${white}]+`);
const separators = new RegExp(`[${white}]+`);
const repeated = new RegExp(`[${white}]{2,}`, "g");

function isWhite(code: number): boolean {
  if (code <= 0x20) return code >= 0x1c || (code >= 0x09 && code <= 0x0d);
  if (code < 0x85) return false;
  if (code === 0x85 || code === 0xa0) return true;
  return code >= 0x1680 && leading.test(String.fromCharCode(code));
}

/** `str.split()` */
export function splitWords(text: string): string[] {
  const words = text.split(separators);
  if (words[0] === "") words.shift();
  if (words.at(-1) === "") words.pop();
  return words;
}

/** `str.rstrip()` */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isWhite(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** `str.strip()` */
export const trim = (text: string): string => trimEnd(text.replace(leading, ""));

/** Two and more white spaces become one blank; a single tab stays a tab. */
export const collapseRepeated = (text: string): string => text.replace(repeated, " ");
