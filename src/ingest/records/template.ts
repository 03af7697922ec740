/** A message with everything that changes from one occurrence to the next replaced by `<kind>`. */
import { fingerprint } from "../hash.ts";

const maxGroupLength = 480;

// Order matters: what holds other kinds (a URL holds a host, a path, numbers) comes first.
const masks: readonly (readonly [test: RegExp, pattern: RegExp, placeholder: string])[] = [
  [/:\/\//, /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>)\]]+/gi, "<url>"],
  [/@/, /\b[\w.+-]+@[\w-]+\.[\w.-]+\b/g, "<email>"],
  [/-/, /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<uuid>"],
  [/:/, /\b\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?\b/g, "<date>"],
  [/\d/, /\b\d{4}-\d\d-\d\d\b/g, "<date>"],
  [/\d\.\d/, /\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/g, "<ip>"],
  [/[/\\]/, /(?<![\w<>/])(?:[A-Za-z]:\\|~?\/|\.{1,2}\/)[\w.@+~-]+(?:[/\\][\w.@+=~-]+)*[/\\]?/g, "<path>"],
  [/\//, /(?<![\w<>/])[\w.-]+(?:\/[\w.@-]+){2,}/g, "<path>"],
  [/0x/i, /\b0x[0-9a-f]+\b/gi, "<hex>"],
  [/[0-9a-f]{7}/i, /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b/gi, "<hex>"],
  [/=/, /=\s?("[^"]*"|'[^']*')/g, "=<text>"],
  [/\d:\d/, /\b\d{1,2}:\d\d(:\d\d)?(\.\d+)?\b/g, "<duration>"],
  [/\d/, /(?<![\w<])\d+(\.\d+)?\s?(ns|us|µs|ms|s|sec|secs|seconds?|min|minutes?|h|hours?|days?)\b/g, "<duration>"],
  [/\d/, /(?<![A-Za-z_<\d])[-+]?\d+(?:[,_]\d+)*(?:\.\d+)*([eE][-+]?\d+)?%?/g, "<number>"],
  [/\d/, /(?<=[A-Za-z][:_-])\d+|(?<=[A-Za-z])\d{3,}/g, "<number>"],
];

/** White space that is not one space. */
const uneven = /\s\s|[^\S ]/;

/** The template of a message's first line; a long one keeps its beginning and a hash of the rest. */
export function template(message: string): string {
  const end = message.indexOf("\n");
  let text = (end === -1 ? message : message.slice(0, end)).slice(0, 4_096);
  for (const [test, pattern, placeholder] of masks) if (test.test(text)) text = text.replace(pattern, placeholder);
  if (uneven.test(text)) text = text.replaceAll(/\s+/g, " ");
  text = text.trim();
  if (text.length <= maxGroupLength) return text;
  return `${text.slice(0, maxGroupLength - 18)}#${fingerprint(text)}`;
}
