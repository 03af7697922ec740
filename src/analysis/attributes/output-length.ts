import { defineAttribute } from "../attribute.ts";
import { numbers, present } from "../texts/values.ts";
import { textOf, wordsOfAll } from "../texts/words.ts";

const ratio = (one: number | undefined, other: number | undefined): number | null =>
  one === undefined || other === undefined || other === 0 ? null : one / other;

export const outputLength = defineAttribute({
  id: "output-length",
  of: "output",
  tasks: ["translation", "summarization", "question-answering", "generation", "speech"],
  read: (examples) => {
    const [outputs, references] = [wordsOfAll(examples, "prediction"), wordsOfAll(examples, "reference")];
    return present(
      ["output length in words", numbers(examples, (_, index) => outputs[index]?.length ?? null)],
      [
        "output length over that of the reference",
        numbers(examples, (_, index) => ratio(outputs[index]?.length, references[index]?.length)),
      ],
      [
        "output length over that of the input",
        numbers(examples, (example) => ratio(textOf(example, "prediction")?.length, example.input?.length)),
      ],
    );
  },
});
