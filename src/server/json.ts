import { isUtf8 } from "node:buffer";
import { AppError, messageOf } from "../base/errors.ts";

/**
 * Reads a JSON body that anybody may have sent. Also takes the bare tokens NaN, Infinity and
 * -Infinity that Python's json.dumps writes, as the strings of the wire. A key `__proto__` is refused:
 * no name of a metric or setting needs it, and one careless copy of it reaches every object.
 */
export function readJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new AppError("bad-request", "The body is not valid UTF-8. Send JSON as UTF-8.");
  const text = wellFormed(bytes.toString("utf8").replace(/^\uFEFF/, ""));
  const value = parse(text);
  // `_` can also be spelled \u005f, so the cheap test looks for both; the walk decides.
  if ((text.includes("__proto__") || /\\u005f/i.test(text)) && hasPrototypeKey(value)) {
    throw new AppError("bad-request", 'The key "__proto__" is not accepted. Rename it, e.g. to "proto".');
  }
  return value;
}

/**
 * Halves of surrogate pairs, which Python writes for bytes that it could not decode, become U+FFFD. They exist
 * only as escapes and cannot be stored as UTF-8: two names that differ in them would be one after a restart.
 */
function wellFormed(text: string): string {
  if (!/\\ud[89a-f]/i.test(text)) return text;
  return text.replaceAll(
    /\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(ud[89a-f][0-9a-f]{2})|.)/gis,
    (escape, lone: string | undefined) => (lone === undefined ? escape : "\\ufffd"),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (first) {
    const quoted = quoteNonFinite(text);
    if (quoted !== undefined) {
      try {
        return JSON.parse(quoted);
      } catch {
        // The message about the text as it was sent is the one that helps.
      }
    }
    throw new AppError("bad-request", `The body is not valid JSON: ${messageOf(first)}`, { cause: first });
  }
}

const quote = 0x22;
const backslash = 0x5c;
const tokens = ["NaN", "-Infinity", "Infinity"] as const;

/** Puts quotes around bare non-finite tokens outside of strings; undefined when there are none. */
export function quoteNonFinite(text: string): string | undefined {
  const pieces: string[] = [];
  let kept = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === backslash) i += 1;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === 0x4e || code === 0x2d || code === 0x49) {
      const token = tokens.find((t) => text.startsWith(t, i));
      if (token === undefined) continue;
      pieces.push(text.slice(kept, i), '"', token, '"');
      i += token.length - 1;
      kept = i + 1;
    }
  }
  if (pieces.length === 0) return undefined;
  pieces.push(text.slice(kept));
  return pieces.join("");
}

/** Without recursion: the nesting is the sender's choice. */
function hasPrototypeKey(root: unknown): boolean {
  const open: unknown[] = [root];
  for (let value = open.pop(); open.length > 0 || value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value) && Object.hasOwn(value, "__proto__")) return true;
    for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) open.push(inner);
  }
  return false;
}
