import { defineAttribute } from "../attribute.ts";
import { flagOfWords, present } from "../texts/values.ts";
import { negationWords } from "../texts/word-lists.ts";

export const negation = defineAttribute({
  id: "negation",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) =>
    present([
      "negation in the input",
      flagOfWords(examples, "input", (words) => words.some((word) => negationWords.has(word) || word.endsWith("n't"))),
    ]),
});
