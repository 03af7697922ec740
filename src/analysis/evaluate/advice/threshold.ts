import type { Example } from "../../../model/example.ts";
import { defineAdvice, percent } from "./advice-rule.ts";

/** With fewer positives or negatives the best threshold is that of chance. */
const fewestOfEach = 50;
/** A gain that is smaller is within what another half of the data would give. */
const worthIt = 0.02;

/**
 * The threshold of a yes-or-no classifier. It is chosen on every second example and its gain measured on the others:
 * the best of many thresholds is always better on the examples that chose it.
 */
export const threshold = defineAdvice({
  id: "threshold",
  advise({ evaluation, examples }) {
    if (evaluation.task !== "classification") return null;
    const scored = positives(examples);
    if (scored === null) return null;
    const [choosing, judging] = [scored.rows.filter((_, i) => i % 2 === 0), scored.rows.filter((_, i) => i % 2 === 1)];
    const count = scored.rows.filter(({ isPositive }) => isPositive).length;
    if (count < fewestOfEach || scored.rows.length - count < fewestOfEach) return null;
    const candidates = [...new Set(choosing.map(({ score }) => Math.round(score * 100) / 100))].filter(
      (at) => at > 0 && at < 1,
    );
    const best = candidates.reduce((top, at) => (f1(choosing, at) > f1(choosing, top) ? at : top), 0.5);
    const gain = f1(judging, best) - f1(judging, 0.5);
    if (gain < worthIt) return null;
    return {
      summary: `Say "${scored.label}" from ${best} on instead of 0.5: F1 rises from ${f1(judging, 0.5).toFixed(3)} to ${f1(judging, best).toFixed(3)}.`,
      changes: [{ key: "threshold", from: 0.5, to: best }],
      dialect: null,
      expect: `The gain of ${gain.toFixed(3)} was measured on the half of the examples that did not choose the threshold; ${percent(count / scored.rows.length)} of them are "${scored.label}".`,
      source: "https://scikit-learn.org/stable/modules/classification_threshold.html",
    };
  },
});

interface Scored {
  readonly score: number;
  readonly isPositive: boolean;
}

/** Of two classes with probabilities the rarer one is the positive. */
function positives(examples: readonly Example[]): { readonly label: string; readonly rows: readonly Scored[] } | null {
  const counts = new Map<string, number>();
  for (const {
    references: [label],
  } of examples)
    if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  if (counts.size !== 2) return null;
  const [label] = [...counts].toSorted(([, a], [, b]) => a - b)[0] ?? [""];
  const rows = examples.flatMap(({ references: [right], scores }): Scored[] => {
    const score = scores?.get(label);
    return right === undefined || score === undefined || !(score >= 0 && score <= 1)
      ? []
      : [{ score, isPositive: right === label }];
  });
  return rows.length < examples.length / 2 ? null : { label, rows };
}

function f1(rows: readonly Scored[], at: number): number {
  let [hits, wrong] = [0, 0];
  for (const { score, isPositive } of rows)
    if (score >= at && isPositive) hits += 1;
    else if (score >= at || isPositive) wrong += 1;
  return hits === 0 ? 0 : (2 * hits) / (2 * hits + wrong);
}
