import { defineAttribute } from "../attribute.ts";
import { flags, present } from "../texts/values.ts";
import { languageOf, scriptOf } from "../texts/script.ts";
import { textOf, wordsOfAll } from "../texts/words.ts";

const differ = (one: string | null, other: string | null): boolean | null =>
  one === null || other === null ? null : one !== other;

export const outputScript = defineAttribute({
  id: "output-script",
  of: "output",
  tasks: ["translation", "summarization", "question-answering", "generation", "speech"],
  read: (examples) => {
    const [outputs, references] = [wordsOfAll(examples, "prediction"), wordsOfAll(examples, "reference")];
    return present(
      [
        "output in another script than the reference",
        flags(examples, (example) =>
          differ(scriptOf(textOf(example, "prediction") ?? ""), scriptOf(textOf(example, "reference") ?? "")),
        ),
      ],
      [
        "output in another language than the reference",
        flags(examples, (example, index) =>
          differ(
            languageOf(textOf(example, "prediction") ?? "", outputs[index] ?? []),
            languageOf(textOf(example, "reference") ?? "", references[index] ?? []),
          ),
        ),
      ],
    );
  },
});
