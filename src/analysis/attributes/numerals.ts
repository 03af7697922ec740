import { defineAttribute } from "../attribute.ts";
import { numberOfText, present } from "../texts/values.ts";

const numeral = /\p{Nd}+(?:[.,:/]\p{Nd}+)*/gu;

export const numerals = defineAttribute({
  id: "numerals",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) =>
    present(["numbers in the input", numberOfText(examples, "input", (text) => text.match(numeral)?.length ?? 0)]),
});
