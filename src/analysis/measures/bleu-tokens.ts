import type { MetricOptions } from "../metric.ts";
import { splitWords, trim } from "./white-space.ts";

/** Tokens of a text, by sacreBLEU's name of the tokenizer (sacrebleu 2.6.0, sacrebleu/tokenizers). */
export const bleuTokenizers: Readonly<Record<MetricOptions["tokenize"], (text: string) => string[]>> = {
  none: splitWords,
  char: (text) => splitWords(Array.from(text).join(" ")),
  "13a": (text) => splitPunctuation(` ${unescape(text)} `),
  zh: (text) => splitPunctuation(trim(text).replace(chinese, " $& ")),
  intl: (text) =>
    splitWords(
      text
        .replace(/(\P{N})(\p{P})/gu, "$1 $2 ")
        .replace(/(\p{P})(\P{N})/gu, " $1 $2")
        .replace(/\p{S}/gu, " $& "),
    ),
};

/** mteval-v13a.pl, the part that depends on no language. */
function unescape(text: string): string {
  const joined = text.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ");
  if (!joined.includes("&")) return joined;
  // One after the other: `&amp;lt;` becomes `<`.
  return joined.replaceAll("&quot;", '"').replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
}

/** Splits off ASCII punctuation, except full stops and commas within numbers, and hyphens that follow no digit. */
const splitPunctuation = (text: string): string[] =>
  splitWords(
    text
      .replace(/[{-~[-` -&(-+:-@/]/g, " $& ")
      .replace(/([^0-9])([.,])/g, "$1 $2 ")
      .replace(/([.,])([^0-9])/g, " $1 $2")
      .replace(/([0-9])(-)/g, "$1 $2 "),
  );

/**
 * What sacreBLEU takes for Chinese. It means to name U+20000 to U+2A6D6 and U+2F800 to U+2FA1D, but compares with strings
 * of two characters there, so that all of U+2001 to U+2A6D is in (dashes, quotes, arrows, the euro sign) and no ideograph
 * beyond U+FFFF.
 */
const chinese =
  /[\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]/g;
