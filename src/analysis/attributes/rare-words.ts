import { defineAttribute } from "../attribute.ts";
import { numberOfWords, present } from "../texts/values.ts";
import { wordsOfAll } from "../texts/words.ts";

const countOf = (words: readonly string[], test: (word: string) => boolean): number =>
  words.reduce((count, word) => count + (test(word) ? 1 : 0), 0);

export const rareWords = defineAttribute({
  id: "rare-words",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples, { trainingWords }) => {
    const known = trainingWords;
    if (known !== null)
      return present(
        [
          "words of the input not in training",
          numberOfWords(examples, "input", (words) => countOf(words, (word) => !known.has(word))),
        ],
        [
          "rarest word of the input in training (times)",
          numberOfWords(examples, "input", (words) =>
            words.length === 0 ? null : words.reduce((least, word) => Math.min(least, known.get(word) ?? 0), Infinity),
          ),
        ],
      );
    const frequency = new Map<string, number>();
    for (const words of wordsOfAll(examples, "input"))
      for (const word of new Set(words)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
    return present([
      "words of the input in no other example",
      numberOfWords(examples, "input", (words) => countOf(words, (word) => frequency.get(word) === 1)),
    ]);
  },
});
