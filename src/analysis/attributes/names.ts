import { defineAttribute } from "../attribute.ts";
import { numbers, present } from "../texts/values.ts";
import { languageOf } from "../texts/script.ts";
import { wordsOfAll } from "../texts/words.ts";

/** A capital letter after a word or a comma: neither at the start nor after the end of a sentence. */
const inside = /(?<=[\p{Ll}\p{N},;)]["'\u201d\u2019]? )\p{Lu}\p{Ll}+/gu;

/** German writes every noun so, and titles and shouting every word: there nothing can be told. */
function namesIn(text: string, words: readonly string[]): number | null {
  const count = text.match(inside)?.length ?? 0;
  if (count === 0) return 0;
  return languageOf(text, words) === "German" || count > 0.6 * words.length ? null : count;
}

export const names = defineAttribute({
  id: "names",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) => {
    const words = wordsOfAll(examples, "input");
    return present([
      "names in the input",
      numbers(examples, ({ input }, index) => (input === null ? null : namesIn(input, words[index] ?? []))),
    ]);
  },
});
