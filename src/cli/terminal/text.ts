import { fromWire } from "../../model/number.ts";

/**
 * Text of a run, safe to print: without control characters, so that a log line cannot move the
 * cursor, set the title or hide what follows. Newlines and tabs become spaces.
 */
export const plain = (text: string): string =>
  text
    .replaceAll(/\u001b\[[0-?]*[ -/]*[@-~]/g, "")
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, " ");

/** Three significant digits, thousands kept whole: 0.00123, 2.31, 12400, 1.2e-9; NaN and infinity in words. */
export function numberText(value: unknown): string {
  const number = fromWire(value);
  if (number === undefined) return plain(String(value));
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "infinity" : "-infinity";
  if (number === 0) return "0";
  const size = Math.abs(number);
  if (Number.isInteger(number) && size < 1e7) return String(number);
  if (size >= 1e7 || size < 1e-4)
    return number
      .toExponential(2)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  return String(size >= 1000 ? Math.round(number) : Number(number.toPrecision(3)));
}

/** Breaks text into lines of at most `width` characters, at spaces where there are any. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of plain(text).split(/ +/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** Wrapped text under a label: the label on the first line, the rest aligned with the text. */
export function labelled(label: string, text: string, width: number): string[] {
  const indent = " ".repeat(label.length);
  return wrap(text, Math.max(20, width - label.length)).map((line, i) => (i === 0 ? label : indent) + line);
}

/** "1 error", "3 warnings". */
export const count = (n: number, noun: string): string => `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;

/** "0.4 s", "12 s", "3 min 5 s", "2 h 10 min". */
export function durationText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** "512 B", "3.4 MB". */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? "B"}`;
}

/** A difference with its sign. */
export function signedText(value: unknown): string {
  const text = numberText(value);
  return /^[-−N]/.test(text) || text === "0" ? text : `+${text}`;
}
