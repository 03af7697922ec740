/** Wrong outputs by kind: which label is taken for which, and what is wrong with a text by itself. */
import type { ErrorGroup } from "../../model/evaluation.ts";
import type { Example } from "../../model/example.ts";
import type { AttributeContext } from "../attribute.ts";
import { attributes } from "../attributes/index.ts";

const mostPairs = 12;
const mostExamples = 10;

/** Most frequent first. `errors`: how wrong each example is, null where no metric says. */
export function errorGroups(
  examples: readonly Example[],
  errors: Float64Array | null,
  context: AttributeContext,
): ErrorGroup[] {
  const isLabels = context.task === "classification";
  const groups = [
    ...(isLabels ? confusions(examples) : outputFaults(examples, errors, context)),
    ...unanswered(examples),
  ];
  return groups.toSorted((a, b) => b.count - a.count).slice(0, mostPairs);
}

const group = (id: string, title: string, members: readonly Example[]): ErrorGroup => ({
  id,
  title,
  count: members.length,
  examples: members.slice(0, mostExamples).map(({ id: name }) => name),
});

const unanswered = (examples: readonly Example[]): ErrorGroup[] => {
  const missing = examples.filter(
    ({ prediction, samples, logProbs }) => prediction === null && samples === null && logProbs === null,
  );
  return missing.length === 0 ? [] : [group("missing", "no prediction", missing)];
};

/** "cat taken for dog": both directions are groups of their own, since often only one happens. */
function confusions(examples: readonly Example[]): ErrorGroup[] {
  const pairs = new Map<string, { title: string; members: Example[] }>();
  for (const example of examples) {
    const { prediction, references } = example;
    const [right] = references;
    if (typeof prediction !== "string" || right === undefined || references.includes(prediction)) continue;
    const key = JSON.stringify([right, prediction]);
    const pair = pairs.get(key) ?? { title: `${right} taken for ${prediction}`, members: [] };
    pair.members.push(example);
    pairs.set(key, pair);
  }
  return [...pairs].map(([key, { title, members }]) => group(key, title, members));
}

/** What can be seen of an output without its reference: the attributes of outputs that answer yes or no. */
function outputFaults(
  examples: readonly Example[],
  errors: Float64Array | null,
  context: AttributeContext,
): ErrorGroup[] {
  const found: ErrorGroup[] = [];
  for (const attribute of attributes) {
    if (attribute.of !== "output" || !attribute.tasks.includes(context.task)) continue;
    const read = attribute.read(examples, context);
    for (const [name, values] of read) {
      if (values.kind !== "category") continue;
      const isFault = (index: number): boolean =>
        values.values[index] === "yes" && (errors === null || !(errors[index] === 0));
      const members = examples.filter(({ prediction }, index) => prediction !== null && isFault(index));
      if (members.length > 0)
        found.push(group(read.size === 1 ? attribute.id : `${attribute.id}:${name}`, name, members));
    }
  }
  return found;
}
