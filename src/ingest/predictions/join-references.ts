import type { Example } from "../../model/example.ts";

export interface Joined {
  readonly examples: readonly Example[];
  /** Predictions of ids that the references do not hold. */
  readonly unknown: readonly Example[];
}

/**
 * References from a file of their own: by id where ids are what the two share, else row by row. What only the references
 * hold becomes an example without a prediction. Null where neither fits: rows of different number without common ids.
 */
export function joinReferences(predictions: readonly Example[], references: readonly Example[]): Joined | null {
  const byId = new Map(references.map((reference) => [reference.id, reference]));
  const found = predictions.filter(({ id }) => byId.has(id)).length;
  const isNumbered = (examples: readonly Example[]): boolean => examples.every(({ id }, i) => id === String(i + 1));
  if (isNumbered(references) || isNumbered(predictions) || found === 0)
    return predictions.length === references.length
      ? { examples: predictions.map((prediction, i) => joined(prediction, references[i])), unknown: [] }
      : null;
  const answered = new Set(predictions.map(({ id }) => id));
  return {
    examples: [
      ...predictions.filter(({ id }) => byId.has(id)).map((prediction) => joined(prediction, byId.get(prediction.id))),
      ...references.filter(({ id }) => !answered.has(id)).map((reference) => ({ ...asReference(reference), line: 0 })),
    ],
    unknown: predictions.filter(({ id }) => !byId.has(id)),
  };
}

/** A file of references alone may call its only text a prediction or an output. */
function asReference(reference: Example): Example {
  if (reference.references.length > 0 || reference.prediction === null) return { ...reference, prediction: null };
  const { prediction } = reference;
  return { ...reference, prediction: null, references: typeof prediction === "string" ? [prediction] : prediction };
}

function joined(prediction: Example, given: Example | undefined): Example {
  if (given === undefined) return prediction;
  const reference = asReference(given);
  return {
    ...prediction,
    input: prediction.input ?? reference.input,
    references: [...prediction.references, ...reference.references],
    group: prediction.group ?? reference.group,
    attributes:
      reference.attributes.size === 0
        ? prediction.attributes
        : new Map([...reference.attributes, ...prediction.attributes]),
  };
}
