/** Texts to compare implementations on, made with a fixed seed. */
import type { Random } from "../../src/analysis/synthetic.fixture.ts";
import { random } from "../../src/analysis/synthetic.fixture.ts";

export interface TextSet {
  readonly name: string;
  readonly hypotheses: readonly string[];
  readonly references: readonly (readonly string[])[];
}

const pick = <T>(next: Random, from: readonly [T, ...T[]]): T => from[next.integer(0, from.length - 1)] ?? from[0];

type Words = readonly [string, ...string[]];

const subjects: Words = [
  "The committee",
  "A 34-year-old man",
  "Ms. O'Neill",
  "The European Central Bank",
  "Nobody in the town",
  "He",
  "She",
  "The ministry's spokesman",
  "An unnamed source",
  "Their U.S. partner",
  "The well-known author",
  "Every third pupil",
];
const verbs: Words = [
  "announced",
  "did not deny",
  "rejected",
  "has approved",
  "will publish",
  "couldn't find",
  "re-opened",
  "praised",
  "never read",
  "is likely to postpone",
];
const objects: Words = [
  "the $1,250.75 budget",
  "a new treaty",
  "3.5% of the shares",
  'the so-called "green deal"',
  "all 27 proposals",
  "R&D spending",
  "the 2019/20 report (PDF)",
  "a ban on single-use plastics",
  "the Sunday edition",
  "its own rules",
];
const endings: Words = [
  " on Monday.",
  ", officials said.",
  " - and left.",
  "!",
  "?",
  " after the vote in Berlin, Paris and Rome.",
  "...",
  " for the 1st time since 10-12-2001.",
  " \u2013 at 10:30 a.m.",
  "; nothing else was said.",
];
const wordsOfNoise: Words = ["the", "of", "very", "not", "2,000", "and", '"so"', "however,", "Bank"];

const sentence = (next: Random): string =>
  `${pick(next, subjects)} ${pick(next, verbs)} ${pick(next, objects)}${pick(next, endings)}`;

/** Drops, repeats, replaces and moves words, as systems do; now and then cuts short or leaves empty. */
function perturb(next: Random, text: string): string {
  let words = text.split(" ");
  const kind = next.uniform();
  if (kind < 0.1) return text;
  if (kind < 0.13) return "";
  if (kind < 0.2) return words.slice(0, next.integer(1, words.length)).join(" ");
  if (kind < 0.5) {
    const from = next.integer(0, words.length - 1);
    const moved = words.splice(from, next.integer(1, 5));
    words.splice(next.integer(0, words.length), 0, ...moved);
  }
  words = words.flatMap((word) => {
    const chance = next.uniform();
    if (chance < 0.07) return [];
    if (chance < 0.1) return [word, word];
    if (chance < 0.2) return [pick(next, wordsOfNoise)];
    if (chance < 0.25) return [word.toLowerCase()];
    return [word];
  });
  return words.join(" ");
}

/** One to three sentences each, with as many references as asked. */
export function translations(seed: number, count: number, references = 1): TextSet {
  const next = random(seed);
  const paragraphs = Array.from({ length: count }, () =>
    Array.from({ length: next.integer(1, 3) }, () => sentence(next)).join(" "),
  );
  return {
    name: `translations, ${references} references`,
    hypotheses: paragraphs.map((text) => perturb(next, text)),
    references: paragraphs.map((text) =>
      Array.from({ length: references }, (_, i) => (i === 0 ? text : perturb(next, text))),
    ),
  };
}

const pieces: Words = [
  "a",
  "the",
  "an",
  "A",
  "x",
  "hello",
  "World",
  "7",
  "1,000.5",
  "3-4",
  "10-",
  "-5",
  ".",
  ",",
  "...",
  "?!",
  "(hi)",
  "'s",
  "&quot;",
  "&amp;lt;",
  "&lt;b&gt;",
  "&apos;",
  "<skipped>",
  "-\n",
  "\n",
  "\n\n",
  "\t",
  " ",
  "  ",
  "   ",
  "\r",
  "\v",
  "\f",
  "\x1c",
  "\x1d",
  "\x1e",
  "\x1f",
  "\u0085",
  "\u00a0",
  "\ufeff",
  "\u200b",
  "\u2028",
  "\u2029",
  "\u3000",
  "\u1680",
  "\u180e",
  "\u2003",
  "é",
  "e\u0301",
  "Straße",
  "İstanbul",
  "ΣΑΣ",
  "Ω",
  "ﬁ",
  "ß",
  "²",
  "½",
  "Ⅷ",
  "٣",
  "–",
  "—",
  "“q”",
  "„q“",
  "…",
  "→",
  "€5",
  "£",
  "+",
  "=",
  "~",
  "^",
  "`",
  "_",
  "@x",
  "#",
  "$9",
  "%",
  "*",
  "/",
  "\\",
  "|",
  "{",
  "}",
  "[",
  "]",
  "«",
  "»",
  "°C",
  "😀",
  "👩‍👩‍👧",
  "🇩🇪",
  "𠀀",
  "𝔘",
  "中国",
  "日本語",
  "，",
  "。",
  "「引用」",
  "ｆｕｌｌ",
  "한국어",
  "العربية",
  "हिन्दी",
  "ไทย",
  "Привет",
  "№",
  "\u0000",
  "\u007f",
  "\u00ad",
  "don't",
  "U.S.A.",
  "e.g.,",
  "http://a.b/c?d=e&f=1",
  "co-op",
  "theatre",
  "ana",
];

/** Whatever breaks tokenizers: entities, odd white space, emoji, scripts, marks next to digits, empty lines. */
export function hostile(seed: number, count: number): TextSet {
  const next = random(seed);
  const line = (): string[] =>
    next.uniform() < 0.04
      ? []
      : Array.from({ length: next.integer(1, 14) }, () => pick(next, pieces) + (next.uniform() < 0.6 ? " " : ""));
  const lines = Array.from({ length: count }, line);
  const vary = (own: readonly string[]): string =>
    next.uniform() < 0.03 ? "" : own.flatMap((piece) => (next.uniform() < 0.2 ? line().slice(0, 2) : [piece])).join("");
  return {
    name: "hostile, 1 to 3 references",
    hypotheses: lines.map((own) => (next.uniform() < 0.1 ? own.join("") : vary(own))),
    references: lines.map((own) => Array.from({ length: next.integer(1, 3) }, () => vary(own))),
  };
}

const clauses: Words = [
  "我们昨天在北京见面",
  "他说价格上涨了3.5%",
  "“绿色协议”并不存在",
  "公司（2019年）发布了新产品",
  "天气很好",
  "请打开https://example.com",
  "這是繁體字",
  "東京で会議が開かれた",
  "カタカナと漢字",
  "GDP增长——分析师说",
  "第１２３号文件",
  "㈱会社",
  "没有人知道",
];

/** Chinese and Japanese, without blanks. */
export function chinese(seed: number, count: number): TextSet {
  const next = random(seed);
  const text = (): string => Array.from({ length: next.integer(1, 4) }, () => pick(next, clauses)).join("，") + "。";
  const originals = Array.from({ length: count }, text);
  const vary = (own: string): string =>
    Array.from(own)
      .map((character) => (next.uniform() < 0.15 ? pick(next, ["的", "", "不", " ", "a", "3"]) : character))
      .join("");
  return {
    name: "Chinese, 2 references",
    hypotheses: originals.map(vary),
    references: originals.map((own) => [own, vary(own)]),
  };
}

/** Several sentences a line and several lines, longer than 32 words, for longest common subsequences. */
export function summaries(seed: number, count: number): TextSet {
  const next = random(seed);
  const originals = Array.from({ length: count }, () =>
    Array.from({ length: next.integer(1, 9) }, () => sentence(next)),
  );
  const vary = (lines: readonly string[]): string =>
    lines
      .filter(() => next.uniform() < 0.8)
      .map((line) => perturb(next, line))
      .join(pick(next, ["\n", "\n", "\n\n", " ", "\r\n"]));
  return {
    name: "summaries of several lines",
    hypotheses: originals.map(vary),
    references: originals.map((lines) => Array.from({ length: next.integer(1, 2) }, () => vary(lines))),
  };
}

const answerPieces: Words = [
  "the",
  "The",
  "a",
  "An",
  "an",
  "theory",
  "anna",
  "THE",
  "the-",
  '"the"',
  "éa",
  "aé",
  "a\u0301",
  "x_a",
  "in",
  "1976",
  "1,976",
  "U.S.",
  "Denver",
  "Broncos",
  "—",
  "the\u00a0end",
  "²a",
  "a٣",
  "",
  ".",
  "«a»",
  "北京",
  "a北京",
  "ß",
];

/** Short answers, several of them right, some of which are nothing but an article or a mark. */
export function answers(seed: number, count: number): TextSet {
  const next = random(seed);
  const answer = (): string =>
    Array.from({ length: next.integer(0, 4) }, () => pick(next, answerPieces)).join(pick(next, [" ", " ", "  ", "\t"]));
  const references = Array.from({ length: count }, () => Array.from({ length: next.integer(1, 4) }, answer));
  return {
    name: "answers",
    hypotheses: references.map((own) => (next.uniform() < 0.4 ? `${own[0] ?? ""} ` : answer())),
    references,
  };
}
