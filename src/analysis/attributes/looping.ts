import { defineAttribute } from "../attribute.ts";
import { flags, present } from "../texts/values.ts";
import { wordsOfAll } from "../texts/words.ts";

/** Some run of up to eight words four times in succession, or three times from four words on. */
function loops(words: readonly string[]): boolean {
  for (let length = 1; length <= 8; length += 1) {
    const needed = length * (length >= 4 ? 2 : 3);
    let same = 0;
    for (let i = length; i < words.length; i += 1) {
      same = words[i] === words[i - length] ? same + 1 : 0;
      if (same >= needed) return true;
    }
  }
  return false;
}

export const looping = defineAttribute({
  id: "looping",
  of: "output",
  tasks: ["translation", "summarization", "question-answering", "generation", "speech"],
  read: (examples) => {
    const [outputs, references] = [wordsOfAll(examples, "prediction"), wordsOfAll(examples, "reference")];
    return present([
      "output goes round in a loop",
      flags(examples, (_, index) => {
        const output = outputs[index] ?? null;
        return output === null ? null : loops(output) && !loops(references[index] ?? []);
      }),
    ]);
  },
});
