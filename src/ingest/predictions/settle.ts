/** What can only be told once all rows were seen: lists of one, tags, units of time, several samples of one problem. */
import { median } from "../../base/statistics.ts";
import type { Scalar } from "../../model/config.ts";
import type { Example } from "../../model/example.ts";

/** `latencyField`: the field that times were read from, whose name may tell their unit. */
export function settle(examples: readonly Example[], latencyField: string | undefined): readonly Example[] {
  return withTags(inMilliseconds(gathered(unwrapped(numbered(examples))), latencyField));
}

/** Rows without an id are called by their number. */
const numbered = (examples: readonly Example[]): readonly Example[] =>
  examples.map((example, i) => (example.id === "" ? { ...example, id: String(i + 1) } : example));

/** Where every prediction is a list of one, lists are only how the file is written. */
function unwrapped(examples: readonly Example[]): readonly Example[] {
  const isOne = examples.every(
    ({ prediction }) => prediction === null || (Array.isArray(prediction) && prediction.length === 1),
  );
  if (!isOne || examples.some(({ references }) => references.length > 1)) return examples;
  return examples.map((example) => ({ ...example, prediction: example.prediction?.[0] ?? null }));
}

/** Rows of one problem with a verdict each (HumanEval's results) are samples of it. */
function gathered(examples: readonly Example[]): readonly Example[] {
  if (!examples.some(({ attributes }) => typeof attributes.get("passed") === "boolean")) return examples;
  const problems = new Map<string, { first: Example; count: number; passed: number }>();
  for (const example of examples) {
    const problem = problems.get(example.id) ?? { first: example, count: 0, passed: 0 };
    problem.count += 1;
    if (example.attributes.get("passed") === true) problem.passed += 1;
    problems.set(example.id, problem);
  }
  return [...problems.values()].map(({ first, count, passed }) => {
    const attributes = new Map(first.attributes);
    attributes.delete("passed");
    return { ...first, attributes, samples: { count, passed } };
  });
}

/** An answer of a model takes milliseconds to minutes: fractions below a minute are seconds. */
const longestSeconds = 60;

function inMilliseconds(examples: readonly Example[], field: string | undefined): readonly Example[] {
  if (field === undefined || /(_|\b)(ms|milliseconds|s|sec|secs|seconds)$/i.test(field) || field.endsWith("Ms"))
    return examples;
  const times = examples.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs]));
  if (times.length === 0 || median(times) >= longestSeconds || times.every((time) => Number.isInteger(time)))
    return examples;
  return examples.map((example) => ({
    ...example,
    latencyMs: example.latencyMs === null ? null : example.latencyMs * 1000,
  }));
}

/** A tag that some examples have is one that the others lack. */
function withTags(examples: readonly Example[]): readonly Example[] {
  const values = new Map<string, { isTag: boolean; count: number }>();
  for (const { attributes } of examples)
    for (const [name, value] of attributes) {
      const seen = values.get(name) ?? { isTag: true, count: 0 };
      seen.isTag &&= value === true;
      seen.count += 1;
      values.set(name, seen);
    }
  const tags = [...values].filter(([, { isTag, count }]) => isTag && count < examples.length).map(([name]) => name);
  if (tags.length === 0) return examples;
  return examples.map((example) => {
    const attributes = new Map<string, Scalar>(example.attributes);
    for (const tag of tags) if (!attributes.has(tag)) attributes.set(tag, false);
    return { ...example, attributes };
  });
}
