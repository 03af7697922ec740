import { defineAttribute } from "../attribute.ts";
import { flags, present } from "../texts/values.ts";
import { textOf } from "../texts/words.ts";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // That it can't be read is the answer.
    return false;
  }
}

export const invalidJson = defineAttribute({
  id: "invalid-json",
  of: "output",
  tasks: ["question-answering", "generation"],
  read: (examples) =>
    present([
      "output is not valid JSON",
      flags(examples, (example) => {
        const reference = textOf(example, "reference")?.trim() ?? "";
        if (!/^[{[]/u.test(reference) || !isJson(reference)) return null;
        return !isJson(textOf(example, "prediction") ?? "");
      }),
    ]),
});
