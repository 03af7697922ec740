import { defineAttribute } from "../attribute.ts";
import { numberOfText, numberOfWords, present } from "../texts/values.ts";

/** Runs of text up to a mark that ends a sentence, followed by a space or the end. */
const sentences = (text: string): number =>
  text.trim() === "" ? 0 : (text.trim().match(/[.!?\u3002\uff01\uff1f]+(?=\s+\S)/gu)?.length ?? 0) + 1;

export const inputLength = defineAttribute({
  id: "input-length",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) =>
    present(
      ["input length in words", numberOfWords(examples, "input", (words) => words.length)],
      ["input length in characters", numberOfText(examples, "input", (text) => text.length)],
      ["sentences of the input", numberOfText(examples, "input", sentences)],
    ),
});
