/**
 * Python tracebacks: the grammar of their lines, and their fingerprint.
 *
 * One traceback is: a header, frames (`  File "x.py", line 3, in f` and indented source below), and
 * a last line `Type: message`. Chained exceptions repeat that behind "During handling of the above
 * exception" or "The above exception was the direct cause". Exception groups draw the same with `|`
 * and `+` at the left. The last `Type: message` is the one that ended the program.
 */
import { fingerprint } from "../hash.ts";

export const header = /^\s*Traceback \(most recent call last\):?\s*$/;
const groupHeader = /^\s*\+ Exception Group Traceback \(most recent call last\):\s*$/;
/** What the `rich` library draws. */
const richHeader = /^\s*╭─.* Traceback \(most recent call last\) ─/;
/** A syntax error in the script itself has no header. */
const bareFrame = /^ {2}File "([^"]+)", line \d+$/;
export const chain =
  /^\s*(During handling of the above exception, another exception occurred:|The above exception was the direct cause of the following exception:)\s*$/;

const frame = /^\s*(?:\| +)*File "([^"]+)", line \d+(?:, in (.+?))?\s*$/;
const richFrame = /^\s*│ (\S+\.py):\d+ in (\S+)/;
const groupLine = /^\s*(\||\+-)/;
const richLine = /^\s*[│╰├]/;
/** `module.Type: message` or a bare `KeyboardInterrupt`: the last line of a traceback. */
const last = /^((?:[A-Za-z_]\w*\.)*[A-Z_a-z]\w*)(?:: ?(.*))?$/;

/** Most lines hold neither of the words, so that no pattern is tried on them. */
export const startsTraceback = (text: string): boolean =>
  text.includes("Traceback (most recent call last)")
    ? header.test(text) || groupHeader.test(text) || richHeader.test(text)
    : text.startsWith('  File "') && bareFrame.test(text);

export const isFrameLine = (text: string): boolean =>
  /^\s+\S/.test(text) || groupLine.test(text) || richLine.test(text);
export const isLastLine = (text: string): boolean => last.test(text);

const outside = /site-packages|dist-packages|[/\\]lib[/\\]python\d|^<frozen |[/\\]python3\.\d+[/\\]|importlib/;

/** The exception's type and message, as its last line tells; for a group the outermost one. */
export function messageOfTraceback(lines: readonly string[]): string {
  for (let i = lines.length - 1; i >= 0; i -= 1) {
    const text = lines[i] ?? "";
    if (/^\S/.test(text) && !chain.test(text) && !header.test(text) && !richHeader.test(text) && last.test(text))
      return text;
  }
  const outermost = lines.find((text) => /^\s*\| (\w+\.)*\w*(Group|Error|Exception)\b/.test(text));
  if (outermost !== undefined) return outermost.replace(/^\s*\| /, "");
  return (lines.findLast((text) => text.trim() !== "") ?? "Traceback").trim();
}

/**
 * The same for the same failure, whatever its numbers: the type, and the program's own frames
 * (all frames when none is the program's own) as file and function.
 */
export function groupOfTraceback(lines: readonly string[], message: string): string {
  const type = last.exec(message)?.[1] ?? message.slice(0, 64);
  const frames: { path: string; name: string }[] = [];
  for (const text of lines) {
    const match = frame.exec(text) ?? richFrame.exec(text);
    if (match !== null) frames.push({ path: match[1] ?? "", name: match[2] ?? "" });
  }
  const own = frames.filter(({ path }) => !outside.test(path));
  const used = (own.length > 0 ? own : frames).map(({ path, name }) => `${fileName(path)}:${name}`);
  const inner = used.at(-1);
  return `${type.slice(0, 120)}${inner === undefined ? "" : ` in ${inner.slice(0, 200)}`}#${fingerprint([type, ...used].join("\n"))}`;
}

const fileName = (path: string): string => path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
