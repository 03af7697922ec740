import type { Example } from "../../model/example.ts";
import { counted, defineDataCheck, shareText, short, shown } from "../data-check.ts";

export const duplicatedInputs = defineDataCheck({
  id: "duplicated-inputs",
  look(examples) {
    const first = new Map<string, Example>();
    const again: Example[] = [];
    for (const example of examples) {
      const { input, group, id } = example;
      if (input === null || input.trim() === "") continue;
      const key = `${input}\u0000${example.references.join("\u0000")}`;
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, example);
      // Epochs of one sample have one id and are told by their group; a repeated id is a fault of its own.
      else if (earlier.id !== id && (group === null || group !== earlier.group)) again.push(example);
    }
    if (again.length === 0) return null;
    return {
      // What is there once more in a few rows moves no metric beyond its interval.
      severity: again.length >= examples.length * 0.05 ? "warning" : "info",
      title: `${counted(again.length, "example")} more than once`,
      message: `${shareText(again.length, examples.length)} of the examples repeat the input and the right answer of an earlier one. They count more than the others, and intervals are narrower than they should be.`,
      count: again.length,
      examples: shown(again, ({ input }) => `"${short(input ?? "")}" again`),
      advice: "Keep one of each, or give those that belong together a field `group`.",
    };
  },
});
