import type { Evaluation, Slice } from "../../model/evaluation.ts";
import type { Example, Task } from "../../model/example.ts";
import type { AttributeContext } from "../attribute.ts";
import type { Measure } from "../metric.ts";
import { attributesOf } from "../slices/attributes-of.ts";
import { defaultSliceOptions, findSlices } from "../slices/find-slices.ts";

/** Fewer leave a half on which no slice of 20 could be confirmed. */
const fewestExamples = 80;

const isAnsweredByLabels = (task: Task): boolean =>
  task === "classification" || task === "multilabel" || task === "regression";

/** "Right is cat and predicted is dog" is the error itself and explains nothing: confusions are groups of errors. */
const isAnswer = (attribute: string): boolean => /^predict/i.test(attribute) || attribute.startsWith("reported ");

interface Slices {
  readonly slices: Slice[];
  readonly search: Evaluation["search"];
}

/** Where the errors of a measure gather; without one, or with too few examples, there is no search. */
export function slicesOf(
  examples: readonly Example[],
  judged: Measure | null,
  context: AttributeContext,
  seed: number,
): Slices {
  const errors = judged?.errors ?? null;
  if (errors === null || examples.length < fewestExamples) return { slices: [], search: null };
  const { values, columns } = attributesOf(examples, context);
  const input = {
    ids: examples.map(({ id }) => id),
    groups: examples.map(({ group }) => group),
    errors,
    values,
    columns: isAnsweredByLabels(context.task) ? columns.filter(({ attribute }) => !isAnswer(attribute)) : columns,
  };
  const search = findSlices(input, { ...defaultSliceOptions, seed });
  for (;;) {
    const step = search.next();
    if (step.done === true) return { slices: [...step.value.slices], search: step.value.search };
  }
}
