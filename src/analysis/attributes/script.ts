import { defineAttribute } from "../attribute.ts";
import { categories, categoryOfText, flagOfText, present } from "../texts/values.ts";
import { languageOf, mixesScripts, scriptOf } from "../texts/script.ts";
import { wordsOfAll } from "../texts/words.ts";

export const script = defineAttribute({
  id: "script",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) => {
    const words = wordsOfAll(examples, "input");
    return present(
      ["script of the input", categoryOfText(examples, "input", scriptOf)],
      ["several scripts in the input", flagOfText(examples, "input", mixesScripts)],
      [
        "language of the input",
        categories(examples, ({ input }, index) => (input === null ? null : languageOf(input, words[index] ?? []))),
      ],
    );
  },
});
