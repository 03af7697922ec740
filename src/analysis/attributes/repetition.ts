import { defineAttribute } from "../attribute.ts";
import { flagOfWords, numberOfWords, present } from "../texts/values.ts";

export const repetition = defineAttribute({
  id: "repetition",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) =>
    present(
      [
        "word twice in a row in the input",
        flagOfWords(examples, "input", (words) => words.some((word, i) => word === words[i - 1])),
      ],
      [
        "share of different words in the input",
        // Of fewer words it only says how few there are.
        numberOfWords(examples, "input", (words) => (words.length < 10 ? null : new Set(words).size / words.length)),
      ],
    ),
});
