import { defineAttribute } from "../attribute.ts";
import { flags, present } from "../texts/values.ts";
import { textOf } from "../texts/words.ts";

/** Ends as a sentence does. */
const ended = /[.!?\u3002\uff01\uff1f\u0964\u2026"'\u201d\u2019\u00bb)\]}]\s*$/u;
/** A translation of the same text is shorter by a fifth now and then, and ends nevertheless. */
const shortest = 0.8;

export const cutShort = defineAttribute({
  id: "cut-short",
  of: "output",
  tasks: ["translation", "summarization", "question-answering", "generation", "speech"],
  read: (examples) =>
    present([
      "output cut short",
      flags(examples, (example) => {
        const [output, reference] = [textOf(example, "prediction"), textOf(example, "reference")];
        if (output === null || output.trim() === "" || reference === null || reference.trim() === "") return null;
        return ended.test(reference) && !ended.test(output) && output.length < shortest * reference.length;
      }),
    ]),
});
