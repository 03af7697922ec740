import { defineAttribute } from "../attribute.ts";
import { flagOfWords, present } from "../texts/values.ts";
import { contrastWords } from "../texts/word-lists.ts";

export const contrast = defineAttribute({
  id: "contrast",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) =>
    present([
      "contrast in the input",
      flagOfWords(examples, "input", (words) => words.some((word) => contrastWords.has(word))),
    ]),
});
