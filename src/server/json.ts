import { isUtf8 } from "node:buffer";
import { AppError, messageOf } from "../base/errors.ts";

/**
 * Reads a JSON body that anybody may have sent. Also takes the bare tokens NaN, Infinity and
 * -Infinity that Python's json.dumps writes, as the strings of the wire. A key `__proto__` is refused:
 * no name of a metric or setting needs it, and one careless copy of it reaches every object.
 */
export function readJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new AppError("bad-request", "The body is not valid UTF-8. Send JSON as UTF-8.");
  const text = bytes.toString("utf8");
  const value = parse(text);
  // `_` can also be spelled \u005f, so the cheap test looks for both; the walk decides.
  if ((text.includes("__proto__") || /\\u005f/i.test(text)) && hasPrototypeKey(value)) {
    throw new AppError("bad-request", 'The key "__proto__" is not accepted. Rename it, e.g. to "proto".');
  }
  return value;
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
