import type { Example, JudgedExample, Task } from "../../model/example.ts";
import { toWire } from "../../model/number.ts";
import type { AttributeValues } from "../attribute.ts";
import type { MetricOptions } from "../metric.ts";
import { attributesOf } from "../slices/attributes-of.ts";
import { errorMeasure } from "./error-measure.ts";
import { measureAll } from "./measure-all.ts";

/** As `JudgedExample` takes them; what is longer is cut, and a thousand characters of a category name it well enough. */
const longest = { id: 1_024, text: 1_000_000, attribute: 256, value: 1_024, references: 10_000 };

/**
 * Each example with its error and its attributes, as they are stored. Numbers stay numbers in text, so that a range that
 * a person writes can be asked of them.
 */
export function* judgedExamples(
  examples: readonly Example[],
  task: Task,
  options: MetricOptions,
): Generator<JudgedExample> {
  const { measures } = measureAll(examples, task, options);
  const errors = errorMeasure(task, measures)?.errors ?? null;
  const { values } = attributesOf(examples, { task, trainingWords: null });
  // A key of this name cannot be sent as JSON: it would reach the prototype of what reads it.
  const named = [...values].filter(([name]) => name !== "__proto__");
  for (const [index, example] of examples.entries()) {
    const error = errors?.[index] ?? Number.NaN;
    const attributes = named.flatMap(([name, own]) => {
      const value = valueAt(own, index);
      return value === null ? [] : [[name.slice(0, longest.attribute), value.slice(0, longest.value)] as const];
    });
    yield {
      id: example.id.slice(0, longest.id),
      line: example.line,
      input: cut(example.input),
      prediction:
        example.prediction === null || typeof example.prediction === "string"
          ? cut(example.prediction)
          : example.prediction.slice(0, longest.references).map((text) => text.slice(0, longest.text)),
      references: example.references.slice(0, longest.references).map((text) => text.slice(0, longest.text)),
      error: Number.isNaN(error) ? null : toWire(error),
      attributes: Object.fromEntries(attributes),
    };
  }
}

const cut = (text: string | null): string | null => (text === null ? null : text.slice(0, longest.text));

function valueAt(values: AttributeValues, index: number): string | null {
  if (values.kind === "category") return values.values[index] ?? null;
  const value = values.values[index] ?? Number.NaN;
  return Number.isNaN(value) ? null : String(value);
}
