import { at, median } from "../../base/statistics.ts";
import { defineFact, type Fact, type RunView } from "../fact.ts";
import type { SeriesData } from "../run-data.ts";
import { logitsLogZ, logitsSize, trainAccuracy } from "../signals.ts";
import { type Curve, longest, whole } from "./curve.ts";
import { taskMetrics } from "./eval-loss.ts";
import { gradNorm } from "./grad-norm.ts";
import { pairsInBatch } from "./in-batch.ts";
import { vocabularySize } from "./options.ts";
import { levelOf } from "./stretch.ts";
import { supervisedLoss } from "./supervised-loss.ts";
import { objective, rewardModelling } from "./trainer.ts";

/** What a model that only guesses would have as its cross-entropy. */
export interface Chance {
  readonly loss: number;
  /** How it is known, for messages: "ln(50257)", or the level to which the loss fell at once. */
  readonly words: string;
  readonly classes: number | null;
}

/** Loss and accuracy at the end agree on a number of classes among which the model guesses. */
const accuracyBand = 0.15;
const lossBand = 0.03;
/** The number read off the first losses: neighbouring numbers must be told apart by them. */
const looseBand = 0.3;
const firstBand = 0.015;
const mostCounted = 20;

/** Classes or tokens that the output chooses among: configured, printed, or counted by `llmdbg.watch`. */
export const classCount: Fact<number> = defineFact<number>({
  id: "vocab_size or number of classes",
  derive: (run, get) =>
    get(rewardModelling) === true ? undefined : (get(vocabularySize) ?? watchedClasses(run, get(taskMetrics))),
});

/** ln of the number of classes: configured, printed, or read off an accuracy that is 1/k with a loss of ln(k). */
export const chance: Fact<Chance> = defineFact<Chance>({
  id: "vocab_size or number of classes",
  derive(_run, get) {
    const vocabulary = get(classCount);
    if (vocabulary !== undefined)
      return vocabulary > 1
        ? { loss: Math.log(vocabulary), words: `ln(${vocabulary})`, classes: vocabulary }
        : undefined;
    const pairs = get(pairsInBatch);
    if (pairs !== undefined)
      return { loss: Math.log(pairs), words: `ln(${pairs}), of one among the pairs of a batch`, classes: pairs };
    const rows = get(supervisedLoss);
    // A margin that each pair asks for (Llama 2's rewards) costs more than a guess: then it is not known.
    if (rows !== undefined && get(rewardModelling) === true)
      return levelOf(rows.value, 0, Math.min(firstPairRows, rows.length)) < (1 + pairShare) * Math.LN2
        ? { loss: Math.LN2, words: "ln(2), of one answer of two", classes: 2 }
        : undefined;
    // Preference losses begin at ln 2 as well; rules of their own say more.
    if (rows !== undefined && rows.length >= fewestRows && get(objective) === "supervised" && standsAtCoin(rows.value))
      return { loss: Math.LN2, words: "ln(2), a coin's", classes: 2 };
    const accuracy = get(taskMetrics)?.find(({ series }) => /acc(uracy)?$/i.test(series));
    if (rows === undefined || accuracy === undefined || accuracy.length < 2) return undefined;
    const right = median(accuracy.value);
    const level = levelOf(rows.value, rows.length - 20, rows.length);
    // Few held-out examples scatter the accuracy; a loss that stays where it was says the number more exactly.
    const first = levelOf(rows.value, 0, Math.min(10, rows.length));
    for (const [classes, band] of [
      [Math.round(1 / right), accuracyBand],
      [Math.round(Math.exp(first)), looseBand],
    ] as const) {
      const loss = Math.log(classes);
      const isCounted = band === accuracyBand || (classes <= mostCounted && Math.abs(first / loss - 1) < firstBand);
      if (classes > 1 && isCounted && Math.abs(right * classes - 1) < band && Math.abs(level / loss - 1) < lossBand)
        return { loss, words: `ln(${classes})`, classes };
    }
    return undefined;
  },
});

/** The first rows of a model of rewards, and by how much their level may be above ln 2 where only the start is random. */
const firstPairRows = 5;
const pairShare = 0.1;

/** A loss that begins and ends within this share of ln 2 is that of two classes, or of a yes or no for each candidate. */
const coinShare = 0.02;
const standsAtCoin = (values: Float64Array): boolean =>
  [levelOf(values, 0, 10), levelOf(values, values.length - 10, values.length)].every(
    (level) => Math.abs(level / Math.LN2 - 1) < coinShare,
  );

/** Accuracies of the first rows, and how far from that of guessing they may be: few examples scatter widely. */
const guessingRows = 5;
const guessing = { from: 0.3, to: 2 };

/** Classes that `llmdbg.watch` counted in the output, where the output is one of classes. */
function watchedClasses(run: RunView, tasks: readonly Curve[] | undefined): number | undefined {
  const sizes = longest(run.series(logitsSize));
  if (sizes === undefined) return undefined;
  const size = at(sizes.value, 0);
  if (run.config(...languageKeys) !== undefined) return size;
  const accuracy = [...(tasks ?? []), ...run.series(trainAccuracy).map(whole)].find(({ series }) =>
    /(acc(uracy)?(@?1)?|top[_-]?1)$/i.test(series),
  );
  // The output of a retriever or a regression has a width as well; only guessing among classes is right this often.
  const early =
    accuracy === undefined ? Number.NaN : levelOf(accuracy.value, 0, Math.min(guessingRows, accuracy.length));
  return early * size > guessing.from && early * size < guessing.to ? size : undefined;
}

/** A first loss this many times the level to which it falls within the first tenth ... */
const fallFactor = 5;
/** ... with a gradient that shrinks as much, and little to gain from there on. */
const normFactor = 5;
const laterShare = 0.25;
const fewestRows = 30;

/**
 * The same where no number of classes is known: a cross-entropy that falls from an absurd start to its level
 * within a few steps shows by itself where it should have begun ("hockey stick", Karpathy's recipe).
 */
export const startLevel: Fact<Chance> = defineFact<Chance>({
  id: "vocab_size or number of classes",
  derive(run, get) {
    const known = get(chance);
    if (known !== undefined && get(classCount) !== undefined) return known;
    const rows = get(supervisedLoss);
    const norms = get(gradNorm);
    if (rows === undefined || !isCrossEntropy(run, get(taskMetrics))) return undefined;
    if (at(rows.value, 0) > Math.log(mostClasses)) return beyondAny(rows, longest(run.series(logitsLogZ)));
    if (norms === undefined || rows.length < fewestRows) return undefined;
    const tenth = Math.max(5, Math.floor(rows.length / 10));
    const settled = levelOf(rows.value, tenth, 2 * tenth);
    const later = levelOf(rows.value, rows.length - tenth, rows.length);
    const isHockeyStick =
      at(rows.value, 0) > fallFactor * settled &&
      at(norms.value, 0) > normFactor * levelOf(norms.value, tenth, 2 * tenth) &&
      later > laterShare * settled;
    return isHockeyStick
      ? {
          loss: settled,
          words: `the level of ${Number(settled.toPrecision(3))} to which it fell within ${tenth} rows`,
          classes: null,
        }
      : undefined;
  },
});

/** Vocabularies in use have up to 262,144 tokens (Gemma 3): no guess among so many costs more than its logarithm, 12.5. */
const mostClasses = 262_144;
/** Two classes at least. */
const leastLogZ = 0.5;

/**
 * A cross-entropy beyond what any vocabulary can cost. While logits are small, their log-sum-exp is the logarithm of
 * their number; a loss that is many times that is a sum. Large logits say no more than that the first guesses were wild.
 */
function beyondAny(rows: Curve, logZ: SeriesData | undefined): Chance {
  const first = logZ === undefined || at(logZ.step, 0) > at(rows.step, 0) ? Number.NaN : at(logZ.value, 0);
  return first > leastLogZ && first < Math.log(mostClasses)
    ? {
        loss: first,
        words: `the ${Number(first.toPrecision(3))} that guessing costs by the log-sum-exp of the first logits`,
        classes: null,
      }
    : {
        loss: Math.log(mostClasses),
        words: `ln(${mostClasses}), what guessing costs with the largest vocabularies`,
        classes: null,
      };
}

const languageKeys = [
  "block_size",
  "max_seq_length",
  "tokenizer",
  "n_head",
  "n_heads",
  "n_kv_heads",
  "num_attention_heads",
  "seq_len",
  "seq_length",
  "context_length",
  "max_position_embeddings",
];

/** Accuracies, and settings of language models, go with a cross-entropy; other losses may begin anywhere. */
const isCrossEntropy = (run: RunView, metrics: readonly { readonly series: string }[] | undefined): boolean =>
  (metrics ?? []).some(({ series }) => /(acc(uracy)?|f1|perplexity|ppl|exact_match)$/i.test(series)) ||
  run.config(...languageKeys) !== undefined;
