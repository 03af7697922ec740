import { at } from "../base/statistics.ts";
import type { Advice } from "../model/finding.ts";
import type { Suspect } from "./causes.ts";
import type { GradShape } from "./facts/grad-shape.ts";
import type { LearningRate } from "./facts/learning-rate.ts";
import type { Options } from "./facts/options.ts";
import { levelOf, type Track } from "./facts/track.ts";
import { round, say } from "./numbers.ts";

/** What goes wrong when a model is taught which of two answers is better. */
export interface PreferenceFault {
  readonly kind: "reversed" | "reversed-held-out" | "none" | "none-held-out" | "collapse" | "stiff" | "above-chance";
  readonly rows: Track;
  readonly row: number;
  readonly now: number;
}

export interface PreferenceFacts {
  readonly up: Track | null;
  readonly gaps: Track | null;
  readonly hits: Track | null;
  readonly logps: Track | null;
  readonly grad: GradShape | null;
  readonly rate: LearningRate | null;
  readonly options: Options;
}

/** The DPO paper and TRL use 0.1 to 0.5; Zephyr 0.01. */
const lowBeta = 0.05;
const highBeta = 1;
/** Implicit rewards below this have hardly left the reference. */
const still = 0.01;

const levelNow = (track: Track): number => levelOf(track, track.length - 10);

export function preferenceSuspects({ kind }: PreferenceFault, facts: PreferenceFacts): Suspect[] {
  const { grad, up, gaps, hits } = facts;
  const beta = facts.options.number("kl_coefficient");
  const surged = grad === null || grad.rows.length < 12 ? null : grad.surges.length > 0;
  const moved = up === null ? null : Math.abs(levelNow(up)) > still;
  const learned = hits === null ? null : levelNow(hits) > 0.6;
  const isReversed = kind === "reversed" || kind === "reversed-held-out";
  const suspects: Suspect[] = [];
  if (isReversed)
    suspects.push({
      id: "pairs-swapped",
      statement: "Chosen and rejected answers are swapped, in the data or between the data and the loss.",
      prior: 0.6,
      clues: [
        {
          present: kind === "reversed-held-out" ? learned : null,
          for: "on training pairs the model prefers the chosen answer, on held-out pairs the other",
          against: "training pairs are not learned either",
          weight: 3,
        },
        {
          present: kind === "reversed" && gaps !== null ? levelNow(gaps) < 0 : null,
          for: `the margin is ${say(gaps === null ? 0 : levelNow(gaps))}`,
          against: "the margin is above 0",
          weight: 2,
        },
      ],
    });
  const isNone = kind === "none" || kind === "none-held-out";
  if (isNone || isReversed)
    suspects.push({
      id: "pairs-indistinguishable",
      statement:
        "The two answers of a pair do not differ in a way that can be learned: random labels, equal texts, truncation.",
      prior: isNone ? 0.5 : 0.15,
      clues: [
        {
          present: gaps === null || !isNone ? null : gaps.value.every((gap) => Math.abs(gap) < 1e-5) ? true : null,
          for: "both answers of every pair get exactly the same reward: they are the same text",
          weight: 20,
        },
        {
          present: kind === "none" ? moved : null,
          for: "the model moves away from the reference and no margin comes of it",
          against: "the model has hardly left the reference",
          weight: 2,
        },
      ],
    });
  if (kind === "none")
    suspects.push({
      id: "learning-rate-too-low",
      statement: "The model is hardly trained: the learning rate is too low, or nothing is trainable.",
      prior: 0.25,
      clues: [
        {
          present: moved === null ? null : !moved,
          for: "the implicit rewards are still almost 0",
          against: "the implicit rewards have moved",
          weight: 4,
        },
      ],
    });
  if (kind === "collapse")
    suspects.push(
      {
        id: "chosen-likelihood-collapse",
        statement: "Nothing in the loss keeps chosen answers likely: the margin is widened by lowering both.",
        prior: 0.4,
        clues: [
          {
            present:
              facts.options.number("chosen_nll_weight") === undefined
                ? null
                : facts.options.number("chosen_nll_weight") === 0,
            for: "the loss has no term for the chosen answer",
            against: "the loss has a term for the chosen answer",
            weight: 2,
          },
        ],
      },
      {
        id: "beta-too-low",
        statement: "beta is too low: it hardly costs anything to leave the reference model.",
        prior: 0.25,
        clues: [
          {
            present: beta === undefined ? null : beta < lowBeta,
            for: `beta is ${say(beta ?? 0)}`,
            against: `beta is ${say(beta ?? 0)}`,
            weight: 4,
          },
        ],
      },
    );
  if (kind === "above-chance" || kind === "stiff")
    suspects.push({
      id: "beta-too-high",
      statement: "beta is too high: small differences of likelihood become large rewards, right or wrong.",
      prior: 0.3,
      clues: [
        {
          present: beta === undefined ? null : beta >= highBeta,
          for: `beta is ${say(beta ?? 0)}`,
          against: `beta is ${say(beta ?? 0)}`,
          weight: 5,
        },
      ],
    });
  if (kind === "none-held-out")
    suspects.push({
      id: "too-many-epochs",
      statement: "The pairs are learned by heart: too few of them, too many times.",
      prior: 0.3,
      clues: [],
    });
  if (!isNone)
    suspects.push({
      id: "learning-rate-too-high",
      statement: "The learning rate is too high: the policy is torn away from the reference.",
      prior: isReversed || kind === "stiff" ? 0.15 : 0.35,
      clues: [
        {
          present: surged,
          for: "grad_norm left its band",
          against: "grad_norm stayed in its band",
          weight: 1.5,
        },
        {
          // TRL's examples and the DPO paper use 5e-7 to 1e-6; adapters ten times as much.
          present: facts.rate === null || facts.rate.peak <= 0 ? null : facts.rate.peak > 2e-5,
          for: `the learning rate is ${say(facts.rate?.peak ?? 0)}; DPO usually takes 5e-7 to 5e-6`,
          against: `a learning rate of ${say(facts.rate?.peak ?? 0)} is usual`,
          weight: 1.5,
        },
      ],
    });
  return suspects;
}

const dpoDocs = "https://huggingface.co/docs/trl/dpo_trainer";

export function preferenceAdvice({ kind, rows, row }: PreferenceFault, facts: PreferenceFacts): Advice[] {
  const { options: settings, rate } = facts;
  const dialect = settings.dialect;
  const beta = settings.number("kl_coefficient");
  const advice: Advice[] = [];
  if (kind === "reversed" || kind === "reversed-held-out" || kind === "none" || kind === "none-held-out")
    advice.push({
      id: "read-pairs",
      summary:
        "Print ten pairs as they enter the loss, after template and truncation: which answer is chosen, and where the two differ.",
      changes: [],
      dialect,
      expect: "rewards/accuracies rises above 0.6 within the first tenth of the run.",
      source: dpoDocs,
    });
  const now = [settings.number("learning_rate"), rate?.peak].find((one) => one !== undefined && one > 0);
  if (now !== undefined && kind === "none")
    advice.push({
      id: "raise-learning-rate",
      summary: `If the implicit rewards are still almost 0, raise the learning rate to ${say(round(now * 3))}.`,
      changes: [settings.change("learning_rate", round(now * 3), rate?.peak)],
      dialect,
      expect: "rewards/margins rises.",
      source: dpoDocs,
    });
  if (kind === "collapse") {
    advice.push({
      id: "keep-chosen-likely",
      summary: "Add the likelihood of the chosen answer to the loss.",
      changes: [settings.change("chosen_nll_weight", 1)],
      dialect,
      expect: `logps/chosen stays near ${say(rows.start)}.`,
      source: "https://arxiv.org/abs/2404.19733",
    });
    if (beta === undefined || beta < 0.1)
      advice.push({
        id: "raise-beta",
        summary: "Raise beta to 0.1, which is what the DPO paper uses.",
        changes: [settings.change("kl_coefficient", 0.1)],
        dialect,
        expect: "Log probabilities stay nearer to the reference.",
        source: "https://arxiv.org/abs/2305.18290",
      });
  }
  if ((kind === "above-chance" || kind === "stiff") && beta !== undefined && beta >= highBeta)
    advice.push({
      id: "lower-beta",
      summary: "Lower beta to 0.1.",
      changes: [settings.change("kl_coefficient", 0.1)],
      dialect,
      expect: "The loss starts at ln 2 and falls.",
      source: "https://arxiv.org/abs/2305.18290",
    });
  if (now !== undefined && (kind === "reversed" || kind === "collapse" || kind === "above-chance"))
    advice.push({
      id: "lower-learning-rate",
      summary: `Lower the learning rate to ${say(round(now / 5))}, and start again from before step ${at(rows.step, row)}.`,
      changes: [settings.change("learning_rate", round(now / 5), rate?.peak)],
      dialect,
      expect: "Margins rise more slowly, and chosen answers stay likely.",
      source: dpoDocs,
    });
  return advice;
}
