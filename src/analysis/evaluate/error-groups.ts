/** Wrong outputs by kind: which label is taken for which, and what is wrong with a text by itself. */
import type { ErrorGroup } from "../../model/evaluation.ts";
import type { Example, Task } from "../../model/example.ts";

const mostGroups = 12;
const mostExamples = 10;

export function errorGroups(examples: readonly Example[], task: Task): ErrorGroup[] {
  const groups = new Map<string, { title: string; examples: string[]; count: number }>();
  const add = (id: string, title: string, example: Example): void => {
    const group = groups.get(id) ?? { title, examples: [], count: 0 };
    group.count += 1;
    if (group.examples.length < mostExamples) group.examples.push(example.id);
    groups.set(id, group);
  };
  for (const example of examples) {
    const { prediction, references } = example;
    const [right] = references;
    if (prediction === null && example.samples === null) add("missing", "no prediction", example);
    if (typeof prediction !== "string") continue;
    if (task === "classification" && right !== undefined && !references.includes(prediction))
      add(JSON.stringify([right, prediction]), `${right} taken for ${prediction}`, example);
    if (task !== "classification" && task !== "regression" && prediction.trim() === "" && right?.trim() !== "")
      add("empty", "empty output", example);
  }
  return [...groups]
    .map(([id, group]): ErrorGroup => ({ id, ...group }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, mostGroups);
}
