import { defineAttribute } from "../attribute.ts";
import { categories, numbers, present } from "../texts/values.ts";

export const label = defineAttribute({
  id: "label",
  of: "reference",
  tasks: ["classification", "multilabel"],
  read: (examples, { task }) =>
    present(
      [
        "right label",
        categories(examples, ({ references }) => (task === "classification" ? (references[0] ?? null) : null)),
      ],
      [
        "predicted label",
        categories(examples, ({ prediction }) =>
          typeof prediction === "string" && task === "classification" ? prediction : null,
        ),
      ],
      [
        "number of right labels",
        numbers(examples, ({ references }) => (task === "multilabel" ? references.length : null)),
      ],
    ),
});
