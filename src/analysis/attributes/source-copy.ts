import { defineAttribute } from "../attribute.ts";
import { flags, present } from "../texts/values.ts";
import { wordsOfAll } from "../texts/words.ts";

/** Names and numbers are the same in every language. */
const fewest = 4;

/** Nine of ten words are those of the input, and there are as many. */
function isCopy(words: readonly string[], input: readonly string[]): boolean {
  if (words.length < 0.8 * input.length || words.length > 1.25 * input.length) return false;
  const own = new Set(input);
  return words.filter((word) => own.has(word)).length >= 0.9 * words.length;
}

export const sourceCopy = defineAttribute({
  id: "source-copy",
  of: "output",
  tasks: ["translation", "summarization", "question-answering", "generation"],
  read: (examples) => {
    const [inputs, outputs] = [wordsOfAll(examples, "input"), wordsOfAll(examples, "prediction")];
    const references = wordsOfAll(examples, "reference");
    return present([
      "output is a copy of the input",
      flags(examples, (_, index) => {
        const [input, output] = [inputs[index] ?? null, outputs[index] ?? null];
        if (input === null || output === null || output.length < fewest) return null;
        return isCopy(output, input) && !isCopy(references[index] ?? [], input);
      }),
    ]);
  },
});
