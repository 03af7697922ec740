import { defineAttribute } from "../attribute.ts";
import { flags, present } from "../texts/values.ts";

export const emptyOutput = defineAttribute({
  id: "empty-output",
  of: "output",
  tasks: ["translation", "summarization", "question-answering", "generation", "speech"],
  read: (examples) =>
    present([
      "empty output",
      flags(examples, ({ prediction }) =>
        Array.isArray(prediction) ? null : prediction === null || String(prediction).trim() === "",
      ),
    ]),
});
