import { commonWords } from "./word-lists.ts";

/** First and last code of blocks of letters; the whole of Unicode is not needed to tell what a text is written in. */
const blocks: readonly (readonly [number, number, string])[] = [
  [0x41, 0x5a, "Latin"],
  [0x61, 0x7a, "Latin"],
  [0xc0, 0x24f, "Latin"],
  [0x1e00, 0x1eff, "Latin"],
  [0x370, 0x3ff, "Greek"],
  [0x400, 0x52f, "Cyrillic"],
  [0x530, 0x58f, "Armenian"],
  [0x590, 0x5ff, "Hebrew"],
  [0x600, 0x77f, "Arabic"],
  [0x900, 0x97f, "Devanagari"],
  [0x980, 0x9ff, "Bengali"],
  [0xb80, 0xbff, "Tamil"],
  [0xc00, 0xc7f, "Telugu"],
  [0xe00, 0xe7f, "Thai"],
  [0x10a0, 0x10ff, "Georgian"],
  [0x1100, 0x11ff, "Hangul"],
  [0x3040, 0x30ff, "Kana"],
  [0x3400, 0x9fff, "Han"],
  [0xac00, 0xd7af, "Hangul"],
];

/** By code unit: the place of its script among the names, from 1; 0 for what is no letter. */
const scripts = [...new Set(blocks.map(([, , script]) => script))];
const scriptOfCode = new Uint8Array(0x10000);
for (const [first, last, script] of blocks) scriptOfCode.fill(scripts.indexOf(script) + 1, first, last + 1);

/** One for all texts: each starts by clearing it. */
const counts = new Uint32Array(scripts.length + 1);

/** How many letters of each script, most first. */
function lettersByScript(text: string): readonly (readonly [string, number])[] {
  counts.fill(0);
  for (let i = 0; i < text.length; i += 1) {
    const script = scriptOfCode[text.charCodeAt(i)] ?? 0;
    counts[script] = (counts[script] ?? 0) + 1;
  }
  const found: (readonly [string, number])[] = [];
  for (let script = 1; script < counts.length; script += 1) {
    const count = counts[script] ?? 0;
    if (count > 0) found.push([scripts[script - 1] ?? "", count]);
  }
  return found.length < 2 ? found : found.toSorted(([, a], [, b]) => b - a);
}

/** The script of most letters; null where there are none. Any Kana makes a text Japanese, which is written in Han as well. */
export function scriptOf(text: string): string | null {
  const letters = lettersByScript(text);
  const first = letters[0]?.[0] ?? null;
  return first === "Han" && letters.some(([script]) => script === "Kana") ? "Kana" : first;
}

/** Whether a tenth of the letters or more are of another script than the rest. */
export function mixesScripts(text: string): boolean {
  const letters = lettersByScript(text).filter(([script], _, all) => script !== "Han" || all[0]?.[0] !== "Kana");
  const total = letters.reduce((sum, [, count]) => sum + count, 0);
  return (letters[1]?.[1] ?? 0) >= 0.1 * total && letters.length > 1;
}

const languageOfScript: ReadonlyMap<string, string> = new Map([
  ["Han", "Chinese"],
  ["Kana", "Japanese"],
  ["Hangul", "Korean"],
  ["Greek", "Greek"],
  ["Hebrew", "Hebrew"],
  ["Thai", "Thai"],
]);

const languages = [...commonWords.keys()];
const languagesOfWord = new Map<string, number[]>();
languages.forEach((language, index) => {
  for (const word of commonWords.get(language) ?? [])
    languagesOfWord.set(word, [...(languagesOfWord.get(word) ?? []), index]);
});

/** A guess by the commonest words, or by a script of one language; null where there is too little to go by. */
export function languageOf(text: string, words: readonly string[]): string | null {
  const script = scriptOf(text);
  if (script === null) return null;
  if (script !== "Latin") return languageOfScript.get(script) ?? null;
  const hits = new Uint32Array(languages.length);
  for (const word of words)
    for (const language of languagesOfWord.get(word) ?? []) hits[language] = (hits[language] ?? 0) + 1;
  const most = Math.max(...hits);
  const best = hits.indexOf(most);
  const second = hits.reduce((high, count, language) => (language === best ? high : Math.max(high, count)), 0);
  return most >= 2 && most > second ? (languages[best] ?? null) : null;
}
