import { diffWordsWithSpace } from "diff";
import { useMemo } from "react";

/** Differences beyond this many words are not worth reading word by word, nor the time to find them. */
const mostEdits = 400;
const longestText = 20_000;

/** What the model said, with the words that the reference has not marked, and those that it lacks struck through. */
export function WordDiff({ prediction, reference }: { prediction: string; reference: string }) {
  const parts = useMemo(
    () =>
      prediction.length + reference.length > longestText
        ? undefined
        : diffWordsWithSpace(reference, prediction, { maxEditLength: mostEdits }),
    [prediction, reference],
  );
  if (parts === undefined) return <span>{prediction}</span>;
  return (
    <span className="word-diff">
      {parts.map(({ value, added, removed }, i) =>
        added ? <ins key={i}>{value}</ins> : removed ? <del key={i}>{value}</del> : <span key={i}>{value}</span>,
      )}
    </span>
  );
}
