/** Calls in Python source, told by brackets and commas alone. */
export interface Call {
  /** With its dots: `AutoModel.from_pretrained`. */
  readonly name: string;
  readonly args: readonly Argument[];
}

export interface Argument {
  /** The keyword; null for a positional argument, `**` for unpacked ones. */
  readonly key: string | null;
  /** The source of the value. */
  readonly text: string;
  readonly line: number;
}

/** The source with the contents of strings and comments as spaces, so that brackets in them do not count. Same length. */
export function blankStrings(text: string): string {
  let out = "";
  for (let i = 0; i < text.length;) {
    const char = text[i];
    if (char === "#") {
      const end = endOf(text, "\n", i);
      out += " ".repeat(end - i);
      i = end;
    } else if (char === '"' || char === "'") {
      const quote = text.startsWith(char.repeat(3), i) ? char.repeat(3) : char;
      let end = i + quote.length;
      while (end < text.length && !text.startsWith(quote, end) && !(quote.length === 1 && text[end] === "\n"))
        end += text[end] === "\\" ? 2 : 1;
      end = Math.min(text.length, end + (text.startsWith(quote, end) ? quote.length : 0));
      out += text.slice(i, end).replaceAll(/[^\n]/g, (_, at: number) => (at === 0 || at === end - i - 1 ? char : " "));
      i = end;
    } else {
      out += char;
      i += 1;
    }
  }
  return out;
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at === -1 ? text.length : at;
}

const opening = /([A-Za-z_][\w.]*)\s*\(/g;

export function callsIn(text: string, code: string): Call[] {
  const calls: Call[] = [];
  for (const match of code.matchAll(opening)) {
    if (/\b(def|class)\s+$/.test(code.slice(Math.max(0, match.index - 8), match.index))) continue;
    const from = match.index + match[0].length;
    calls.push({ name: match[1] ?? "", args: argumentsFrom(text, code, from) });
  }
  return calls;
}

const isOpening = (char: string): boolean => char === "(" || char === "[" || char === "{";
const isClosing = (char: string): boolean => char === ")" || char === "]" || char === "}";

function argumentsFrom(text: string, code: string, from: number): Argument[] {
  const args: Argument[] = [];
  let depth = 0;
  let start = from;
  for (let i = from; i < code.length; i += 1) {
    const char = code.charAt(i);
    if (isOpening(char)) depth += 1;
    else if (isClosing(char)) depth -= 1;
    if (depth < 0 || (depth === 0 && char === ",")) {
      const argument = argumentOf(text, code, start, i);
      if (argument !== null) args.push(argument);
      start = i + 1;
      if (depth < 0) break;
    }
  }
  return args;
}

function argumentOf(text: string, code: string, from: number, to: number): Argument | null {
  const source = code.slice(from, to);
  const lead = source.length - source.trimStart().length;
  if (source.trim() === "") return null;
  const line = text.slice(0, from + lead).split("\n").length;
  if (source.trimStart().startsWith("**")) return { key: "**", text: "", line };
  const keyword = /^\s*([A-Za-z_]\w*)\s*=(?!=)/.exec(source);
  // Comments are spaces in `code`, and may stand around the value in `text`.
  const begin = from + (keyword?.[0].length ?? 0);
  const end = from + source.trimEnd().length;
  return {
    key: keyword?.[1] ?? null,
    text: text
      .slice(begin, end)
      .replace(/^\s*#[^\n]*\n/, "")
      .trim(),
    line,
  };
}
