import { numberOf } from "../number-text.ts";
import type { Metric } from "./line-parser.ts";

/** A named number in a line of text. */
export interface Pair {
  readonly key: string;
  readonly value: number;
  /** Of `10/100`. */
  readonly total?: number;
  readonly from: number;
  readonly to: number;
}

const number = String.raw`[-+]?(?:\d[\d_]*(?:,\d{3})*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)\b`;
// A key of up to six words, `=` or `:`, a number, and behind it nothing that would make it part of
// a word, a clock time, an address or a path; units (ms, s, %, GiB, it/s) may follow.
const pattern = new RegExp(
  String.raw`(?<![\w.])([A-Za-z_][\w./@()%'-]*(?: [A-Za-z_(][\w./@()%'-]*){0,5})[ \t]{0,16}[=:]\s{0,12}(?:tensor\(|[[(](?=[-+\d.e]{1,24},?[\])]))?(${number})(?:\s*/\s*(\d[\d_]*))?(?![\d:x]|[.][\w]|/\w|-\w)`,
  "gi",
);

/** Every `key=value`, `key: value` and `key = value` with a number, in order. */
export function pairsOf(text: string): Pair[] {
  const pairs: Pair[] = [];
  if (text === "" || (!text.includes("=") && !text.includes(":"))) return pairs;
  const searched = text.length > 8_192 ? text.slice(0, 8_192) : text;
  // `matchAll` would copy the pattern for each line.
  pattern.lastIndex = 0;
  for (let match = pattern.exec(searched); match !== null; match = pattern.exec(searched)) {
    const value = numberOf(match[2] ?? "");
    const total = match[3] === undefined ? undefined : numberOf(match[3]);
    if (value === undefined) continue;
    pairs.push({
      key: (match[1] ?? "").trim(),
      value,
      ...(total === undefined ? {} : { total }),
      from: match.index,
      to: pattern.lastIndex,
    });
  }
  return pairs;
}

// `loss 2.31`, `Train Loss 0.12 (0.15)`, and with the step between: `Train loss 1000 0.61`.
const bare = new RegExp(
  String.raw`(?<=^|[\d\s,;|()[\]:>*-])([A-Za-z][\w.@/%-]*(?: +[A-Za-z(][\w.@/%()-]*){0,3})[ \t]+(?:(\d+):? +)?(${number})(?:ms|s|sec|%)?(?![\w./:-])`,
  "g",
);
/** A number in front of a speed's unit is named by it: `3007.8 words/s`, `115.3 ms/it`, `1.2 sec/step`. */
const withUnit = new RegExp(
  String.raw`(?<![\w.])(${number}) ?(?=((?:[a-z]{2,12} )?[a-z]{2,12}\/s(?:ec(?:ond)?)?|(?:s|ms|sec)\/(?:it|iter|step|batch))(?![a-z/]))`,
  "gi",
);

/** Times of a step and of its parts, known by their unit: `data 7ms | step 622ms`, `fwd 12 ms`. */
const parts = "step|iter|it|batch|data|dataloader|loader|fetch|fwd|forward|bwd|backward|optim|optimizer";
const withTime = new RegExp(String.raw`(?<![\w.])(${parts}) (\d+(?:\.\d+)?) ?(ms|s|sec)(?![\w/])`, "gi");
const isPart = new RegExp(`^(?:${parts})$`, "i");
/** `data 7ms` is the time of reading data: the name that says so. */
export const timeName = (word: string, unit: string | undefined): string =>
  unit !== undefined && /^(ms|s|sec)$/i.test(unit) && isPart.test(word) ? `${word}_time_${unit}` : word;

/** Numbers without `=` or `:`, in the stretches between the pairs; `isName` says which names may stand so. */
export function barePairsOf(text: string, pairs: readonly Pair[], isName: (name: string) => boolean): Pair[] {
  const found: Pair[] = [];
  let from = 0;
  const stretch = (to: number): void => {
    // A name and a number have three characters at least.
    if (to - from > 2) bareIn(text.slice(from, to), from, isName, found);
  };
  for (const pair of pairs) {
    stretch(pair.from);
    from = pair.to;
  }
  stretch(text.length);
  return found;
}

function bareIn(stretch: string, offset: number, isName: (name: string) => boolean, found: Pair[]): void {
  bare.lastIndex = 0;
  for (let match = bare.exec(stretch); match !== null; match = bare.exec(stretch)) {
    const value = numberOf(match[3] ?? "");
    const whole = (match[1] ?? "").trim();
    // "Epoch 1 done. tr loss 3.2": a sentence may end before the name.
    const key = isName(whole) ? whole : whole.replace(/^.*\.\s+/, "");
    if (value === undefined || (key !== whole && key === "") || !isName(key)) continue;
    const from = offset + match.index;
    const to = from + match[0].length;
    found.push({ key, value, from, to });
    if (match[2] !== undefined) found.push({ key: "step", value: Number(match[2]), from: to, to });
  }
  withTime.lastIndex = 0;
  for (let match = withTime.exec(stretch); match !== null; match = withTime.exec(stretch)) {
    const [whole, word = "", text = "", unit = ""] = match;
    const value = numberOf(text);
    const from = offset + match.index;
    if (value !== undefined) found.push({ key: timeName(word, unit), value, from, to: from + whole.length });
  }
  if (!stretch.includes("/")) return;
  withUnit.lastIndex = 0;
  for (let match = withUnit.exec(stretch); match !== null; match = withUnit.exec(stretch)) {
    const value = numberOf(match[1] ?? "");
    const key = (match[2] ?? "").trim();
    const from = offset + match.index;
    if (value !== undefined) found.push({ key, value, from, to: from + match[0].length + key.length });
  }
}

/** "Accuracy of the network on the 10000 test images: 54 %": a sentence that begins with what was measured. */
const sentence = new RegExp(
  String.raw`^\s*(?:the )?(?:(?:average|mean|final|overall) )?([A-Za-z0-9@-]{2,20}(?: (?:loss|score))?) (?:of|on|for|at) [^:=]{3,80}[:=]\s*(${number})\s*%?\s*$`,
  "i",
);
export function sentencePairOf(text: string, isName: (name: string) => boolean): Pair | undefined {
  const found = sentence.exec(text);
  const value = numberOf(found?.[2] ?? "");
  const key = found?.[1] ?? "";
  return found === null || value === undefined || !isName(key)
    ? undefined
    : { key, value, from: text.length - 1, to: text.length };
}

/** The parts of a line that are a name and a number by `item`, whose groups 1 and 2 are these. */
export function metricsOf(parts: readonly string[], item: RegExp): Metric[] {
  const metrics: Metric[] = [];
  for (const part of parts) {
    const [, name, text] = item.exec(part.trim()) ?? [];
    const value = text === undefined ? undefined : numberOf(text);
    if (name !== undefined && value !== undefined) metrics.push([name, value]);
  }
  return metrics;
}
