import { defineAttribute } from "../attribute.ts";
import { flagOfText, present } from "../texts/values.ts";

/** 2024-05-17, 17.5.2024, 5/17/24, 17 May, May 17, a year from 1800 to 2099; names of months in the languages of the word lists. */
const month =
  "(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f\u00e9vrier|mar(?:ch|s)?|m\u00e4rz|apr(?:il)?|avril|mai|june?|juni|juin|july?|juli|juillet|aug(?:ust)?|ao\u00fbt|sept?(?:ember|embre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|de[cz](?:ember|embre)?|d\u00e9cembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|octubre)";
const date = new RegExp(
  `\\b(?:\\d{4}-\\d{1,2}-\\d{1,2}|\\d{1,2}[./]\\d{1,2}[./]\\d{2,4}|\\d{1,2}\\.? (?:de )?(?:${month}|may)\\b|(?:${month}|may)\\.? \\d{1,2}\\b|(?:18|19|20)\\d{2}\\b)`,
  "iu",
);

export const dates = defineAttribute({
  id: "dates",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) => present(["date in the input", flagOfText(examples, "input", (text) => date.test(text))]),
});
