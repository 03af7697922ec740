import { defineAttribute } from "../attribute.ts";

export const inputLength = defineAttribute({
  id: "input-length",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read(examples) {
    if (!examples.some(({ input }) => input !== null)) return new Map();
    const words = Float64Array.from(examples, ({ input }) =>
      input === null ? Number.NaN : input.split(/\s+/u).filter((word) => word !== "").length,
    );
    return new Map([["input length in words", { kind: "number", values: words }]]);
  },
});
