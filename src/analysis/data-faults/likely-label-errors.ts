import type { Example } from "../../model/example.ts";
import { counted, defineDataCheck, shareText, short, shown } from "../data-check.ts";

/** Of a class with fewer examples the usual confidence is not known. */
const fewestOfClass = 5;

/**
 * Confident learning (Northcutt, Jiang and Chuang 2021): a label is doubted where the model gives another class a
 * probability at least as high as it usually gives to examples that carry that class.
 */
export const likelyLabelErrors = defineDataCheck({
  id: "likely-label-errors",
  look(examples, { task }) {
    if (task !== "classification") return null;
    const scored = examples.filter(
      ({ scores, references }) => scores !== null && scores.size > 1 && references.length === 1,
    );
    const usual = usualConfidence(scored);
    if (usual.size < 2) return null;
    const doubted = scored
      .flatMap((example) => {
        const other = confidentClass(example, usual);
        const label = example.references[0] ?? "";
        if (other === null || other === label || !usual.has(label)) return [];
        const margin = (example.scores?.get(other) ?? 0) - (example.scores?.get(label) ?? 0);
        return [{ example, other, margin }];
      })
      .toSorted((a, b) => b.margin - a.margin);
    if (doubted.length === 0) return null;
    const others = new Map(doubted.map(({ example, other }) => [example, other]));
    return {
      severity: "info",
      title: `${counted(doubted.length, "label")} worth a second look`,
      message: `For ${shareText(doubted.length, scored.length)} of the examples the model is as sure of another class as it usually is when that class is right (confident learning). Some of these are errors of the model, some of the labels; the surest come first.`,
      count: doubted.length,
      examples: shown(
        doubted.map(({ example }) => example),
        (example) =>
          `labelled ${example.references[0] ?? ""}, the model says ${others.get(example) ?? ""}${example.input === null ? "" : `: "${short(example.input)}"`}`,
      ),
      advice: "Read the first ten. If labels are wrong, correct them before changing the model.",
    };
  },
});

/** Mean probability of each class over the examples that carry it. */
function usualConfidence(examples: readonly Example[]): ReadonlyMap<string, number> {
  const sums = new Map<string, { sum: number; n: number }>();
  for (const { scores, references } of examples) {
    const label = references[0] ?? "";
    const score = scores?.get(label);
    // Logits and margins are no probabilities.
    if (score === undefined || !(score >= 0 && score <= 1)) continue;
    const { sum, n } = sums.get(label) ?? { sum: 0, n: 0 };
    sums.set(label, { sum: sum + score, n: n + 1 });
  }
  return new Map([...sums].filter(([, { n }]) => n >= fewestOfClass).map(([label, { sum, n }]) => [label, sum / n]));
}

function confidentClass({ scores }: Example, usual: ReadonlyMap<string, number>): string | null {
  let best: string | null = null;
  for (const [label, score] of scores ?? [])
    if (score >= (usual.get(label) ?? Number.POSITIVE_INFINITY) && (best === null || score > (scores?.get(best) ?? 0)))
      best = label;
  return best;
}
