import type { Example } from "../../model/example.ts";
import { defineAttribute } from "../attribute.ts";
import { flags, present } from "../texts/values.ts";
import { textOf } from "../texts/words.ts";
import { chatOpenings, refusals } from "../texts/word-lists.ts";

/** What the reference says as well is no fault of the model. */
function saidOnlyBy(example: Example, test: (text: string) => boolean): boolean | null {
  const [output, reference] = [textOf(example, "prediction"), textOf(example, "reference")];
  return output === null ? null : test(plain(output)) && !test(plain(reference ?? ""));
}

const plain = (text: string): string => text.trimStart().slice(0, 400).toLowerCase().replaceAll("\u2019", "'");

export const refusal = defineAttribute({
  id: "refusal",
  of: "output",
  tasks: ["translation", "summarization", "question-answering", "generation", "speech"],
  read: (examples) =>
    present(
      [
        "output is a refusal",
        flags(examples, (example) =>
          saidOnlyBy(example, (text) => refusals.some((phrase) => text.slice(0, 200).includes(phrase))),
        ),
      ],
      [
        "talk around the answer in the output",
        flags(examples, (example) =>
          saidOnlyBy(example, (text) => chatOpenings.some((phrase) => text.startsWith(phrase))),
        ),
      ],
    ),
});
