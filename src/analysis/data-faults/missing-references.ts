import { answerOf, counted, defineDataCheck, shareText, short, shown } from "../data-check.ts";

export const missingReferences = defineDataCheck({
  id: "missing-references",
  look(examples, { task }) {
    if (task === "language-modeling") return null;
    const missing = examples.filter(({ references, samples }) => references.length === 0 && samples === null);
    if (missing.length === 0) return null;
    const isAll = missing.length === examples.length;
    return {
      severity: isAll || missing.length >= examples.length * 0.01 ? "error" : "warning",
      title: isAll ? "No right answers" : `${counted(missing.length, "example")} without a right answer`,
      message: isAll
        ? "No example has a reference, so nothing can be said about how right the predictions are."
        : `${shareText(missing.length, examples.length)} of the examples have no reference. They are left out of every metric that needs one.`,
      count: missing.length,
      examples: shown(missing, (example) => `no reference beside "${short(answerOf(example) ?? "")}"`),
      advice: isAll
        ? "Give them with --references <file>, or name their field with --reference-field <name>."
        : "Fill them in, or leave these rows out of the file, so that the number of examples is the one you report.",
    };
  },
});
