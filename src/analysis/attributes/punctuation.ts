import { defineAttribute } from "../attribute.ts";
import { categoryOfText, flagOfText, present } from "../texts/values.ts";

const ends: ReadonlyMap<string, string> = new Map([
  [".", "full stop"],
  ["\u3002", "full stop"],
  ["?", "question mark"],
  ["\uff1f", "question mark"],
  ["!", "exclamation mark"],
  ["\uff01", "exclamation mark"],
  [":", "colon"],
]);

function ending(text: string): string | null {
  const last = text
    .trimEnd()
    .replace(/["'\u201d\u2019\u00bb)\]]+$/u, "")
    .at(-1);
  return last === undefined
    ? null
    : (ends.get(last) ?? (/[\p{L}\p{N}]/u.test(last) ? "no punctuation" : "another mark"));
}

export const punctuation = defineAttribute({
  id: "punctuation",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) =>
    present(
      ["end of the input", categoryOfText(examples, "input", ending)],
      [
        "quotation marks in the input",
        flagOfText(examples, "input", (text) => /["\u00ab\u00bb\u201c-\u201f\u300c\u300d]/u.test(text)),
      ],
      ["brackets in the input", flagOfText(examples, "input", (text) => /[()[\]{}]/u.test(text))],
      ["colon or semicolon in the input", flagOfText(examples, "input", (text) => /[:;]/u.test(text))],
      ["repeated punctuation in the input", flagOfText(examples, "input", (text) => /[!?.,;:-]{2}/u.test(text))],
    ),
});
