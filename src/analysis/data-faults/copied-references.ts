import type { Example } from "../../model/example.ts";
import { defineDataCheck, shareText, short, shown } from "../data-check.ts";

/** Two people or systems often agree on a short text by themselves. */
const fewestWords = 6;
/** Of an output column of another system: fewer would not show a share. */
const fewestExamples = 30;
/** Identical lines of the system that was post-edited are several times those of the others. */
const times = 3;
/** Standard errors between the two shares. */
const clearly = 4;

/**
 * References that were made by correcting one system's output favour that system. It shows where outputs of others stand
 * in the same file: theirs are seldom identical to the reference.
 */
export const copiedReferences = defineDataCheck({
  id: "copied-references",
  look(examples, { task }) {
    if (task !== "translation" && task !== "summarization" && task !== "generation") return null;
    const long = examples.filter(
      ({ references: [reference] }) => (reference?.split(/\s+/u).length ?? 0) >= fewestWords,
    );
    const others = [...otherOutputs(long)].map(([name, values]) => ({
      name,
      share:
        values.filter((value, i) => value !== null && isReference(long[i], value)).length /
        values.filter((value) => value !== null).length,
    }));
    if (others.length === 0) return null;
    const same = long.filter(
      (example) => typeof example.prediction === "string" && isReference(example, example.prediction),
    );
    const own = same.length / long.length;
    const next = others.reduce((most, other) => (other.share > most.share ? other : most));
    const error = Math.sqrt((own * (1 - own) + next.share * (1 - next.share)) / long.length);
    if (own < times * next.share || own - next.share < clearly * error) return null;
    return {
      severity: "warning",
      title: "Right answers look copied from this system",
      message: `${shareText(same.length, long.length)} of the longer right answers are this system's output to the letter, against ${shareText(Math.round(next.share * long.length), long.length)} at most for another (${next.name}). Answers that were made by correcting one system's output favour it over all others.`,
      count: same.length,
      examples: shown(same, ({ references }) => `"${short(references[0] ?? "")}"`),
      advice:
        "Find out how the right answers were made. Compare systems only on answers that were written from the inputs alone.",
    };
  },
});

const isReference = (example: Example | undefined, text: string): boolean =>
  example?.references.some((reference) => reference.trim() === text.trim()) === true;

/** Columns whose values are texts as long as the references: outputs of other systems. */
function otherOutputs(examples: readonly Example[]): Map<string, (string | null)[]> {
  const names = new Set(examples.flatMap(({ attributes }) => [...attributes.keys()]));
  const found = new Map<string, (string | null)[]>();
  for (const name of names) {
    const values = examples.map(({ attributes }) => {
      const value = attributes.get(name);
      return typeof value === "string" ? value : null;
    });
    const texts = values.filter((value) => value !== null);
    const long = texts.filter((text) => text.split(/\s+/u).length >= fewestWords / 2);
    if (texts.length >= fewestExamples && long.length > 0.9 * texts.length && new Set(texts).size > texts.length / 2)
      found.set(name, values);
  }
  return found;
}
