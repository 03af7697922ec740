import { defineAttribute } from "../attribute.ts";
import { categoryOfText, present } from "../texts/values.ts";

function casingOf(text: string): string | null {
  const letters = text.replaceAll(/[^\p{Lu}\p{Ll}]+/gu, "");
  if (letters === "") return null;
  if (letters === letters.toLowerCase()) return "no capitals";
  if (letters === letters.toUpperCase()) return letters.length > 1 ? "capitals only" : null;
  const starts = text.match(/(?<![\p{L}'\u2019])\p{L}/gu) ?? [];
  const capitals = starts.filter((letter) => letter !== letter.toLowerCase()).length;
  if (starts.length >= 3 && capitals >= 0.8 * starts.length) return "each word capitalised";
  return text.match(/\p{Lu}{2,}/u) === null ? "as in a sentence" : "with words in capitals";
}

export const casing = defineAttribute({
  id: "casing",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) => present(["casing of the input", categoryOfText(examples, "input", casingOf)]),
});
