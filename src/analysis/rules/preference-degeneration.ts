import { at, mean } from "../../base/statistics.ts";
import type { Evidence } from "../../model/finding.ts";
import { rank } from "../causes.ts";
import { defineFact, optional } from "../fact.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { loss } from "../facts/loss.ts";
import { options } from "../facts/options.ts";
import { accuracies, chosen, heldOut, logpsChosen, logpsRejected, margins, rejected } from "../facts/preference.ts";
import { changePoint, departure, lastingFrom, levelOf, movement, type Track, trackOf } from "../facts/track.ts";
import { preferenceAdvice, type PreferenceFault, preferenceSuspects } from "../preference.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** Rows before anything is said of a preference. */
const leastRows = 20;
/** Before it is said that none is learned: DPO runs usually show one within the first tenth of an epoch. */
const patientRows = 25;
/** Margins alone are noisier than the share of pairs that are right. */
const patientRowsAlone = 40;
const lastRows = 20;
/** Reversed: by this many standard errors, and clearly. */
const reversedErrors = 4;
const reversedAccuracy = 0.45;
const heldOutRows = 2;
const noneAccuracy = 0.05;
/**
 * The chosen answer became this many times less likely, in nats: healthy DPO runs lose a fifth
 * (Zephyr's 260 to 320), over-optimised ones double and more (arXiv 2402.13228, figure 1) ...
 */
const collapseFactor = 2;
const leastFactor = 1.5;
/** ... and the margin gained less than the chosen answer lost. Beyond this factor half of it is enough. */
const farFactor = 3;
/** DPO's paper and TRL use 0.1 to 0.5. */
const looseBeta = 0.05;
const stiffBeta = 1;
const heldOutEvals = 3;
const learnedAccuracy = 0.65;
const collapseErrors = 6;
/** Loss of a model that does not know which answer is preferred is ln 2; one half more is confidently wrong. */
const chanceLoss = Math.LN2;
const overChance = 1.5;
const lastingRows = 10;

const enough = defineFact<Track>({
  id: `rewards/margins or rewards/accuracies, ${leastRows} rows of it`,
  derive(_run, get) {
    const rows = get(accuracies) ?? get(margins);
    return rows !== undefined && rows.length >= leastRows ? rows : undefined;
  },
});

const lossTrack = defineFact<Track>({
  id: "loss",
  derive(_run, get) {
    const rows = get(loss);
    return rows === undefined ? undefined : trackOf(rows);
  },
});

/** In the order in which one explains the other. */
const preferenceFault = defineFact<PreferenceFault | null>({
  id: "preference",
  derive(_run, get) {
    if (get(enough) === undefined) return null;
    const hits = get(accuracies);
    const gaps = get(margins);
    return (
      reversedIn(isEqual(gaps) ? undefined : hits, 0.5, reversedAccuracy) ??
      reversedIn(gaps, 0, Number.POSITIVE_INFINITY) ??
      (isEqual(gaps) ? null : heldOutReversed(get(heldOut))) ??
      collapseIn(get(logpsChosen), get(logpsRejected), get(options)?.number("kl_coefficient")) ??
      aboveChance(get(lossTrack)) ??
      stiffIn(get(lossTrack), gaps ?? hits, get(options)?.number("kl_coefficient")) ??
      noneIn(hits, gaps) ??
      heldOutNone(get(heldOut), hits)
    );
  },
});

function reversedIn(rows: Track | undefined, even: number, bar: number): PreferenceFault | null {
  if (rows === undefined || rows.length < leastRows) return null;
  const from = Math.max(0, rows.length - lastRows);
  const now = mean(rows.value.subarray(from));
  const error = rows.noise / Math.sqrt(rows.length - from);
  if (!(now < even - Math.max(reversedErrors * error, 1e-6) && now < bar)) return null;
  const low = lastingFrom(rows, (value) => value < even);
  return { kind: "reversed", rows, row: Math.max(0, low < 0 ? from : low), now };
}

/** Margins of exactly 0: both answers are the same. Accuracies are 0 then, since neither is better. */
const isEqual = (gaps: Track | undefined): boolean =>
  gaps !== undefined && gaps.value.subarray(-lastRows).every((gap) => Math.abs(gap) < 1e-5);

function heldOutReversed(rows: Track | undefined): PreferenceFault | null {
  if (rows === undefined) return null;
  let row = rows.length;
  while (row > 0 && at(rows.value, row - 1) < reversedAccuracy) row -= 1;
  if (rows.length - row < heldOutRows) return null;
  return { kind: "reversed-held-out", rows, row, now: at(rows.value, rows.length - 1) };
}

/** What was learned of the training pairs does not hold for others. */
function heldOutNone(rows: Track | undefined, hits: Track | undefined): PreferenceFault | null {
  if (rows === undefined || hits === undefined || rows.length < heldOutEvals) return null;
  const last = rows.value.subarray(-heldOutEvals);
  if (!last.every((value) => Math.abs(value - 0.5) <= noneAccuracy)) return null;
  if (!(levelOf(hits, hits.length - lastRows) > learnedAccuracy)) return null;
  return { kind: "none-held-out", rows, row: 0, now: mean(last) };
}

/** A DPO loss (it starts at ln 2) with a beta that no recipe has. */
function stiffIn(losses: Track | undefined, rows: Track | undefined, beta: number | undefined): PreferenceFault | null {
  if (losses === undefined || rows === undefined || beta === undefined || beta < stiffBeta) return null;
  if (Math.abs(at(losses.value, 0) - chanceLoss) > 0.05) return null;
  return { kind: "stiff", rows, row: 0, now: levelOf(rows, rows.length - lastingRows) };
}

function collapseIn(up: Track | undefined, down: Track | undefined, beta: number | undefined): PreferenceFault | null {
  if (up === undefined || up.length < leastRows || !(up.start < 0)) return null;
  const now = levelOf(up, up.length - lastingRows);
  const lost = up.start - now;
  const gained = down === undefined ? 0 : down.start - levelOf(down, down.length - lastingRows) - lost;
  const factor = now / up.start;
  const share = factor >= farFactor ? 0.5 : factor >= collapseFactor ? 1 : 1.5;
  // With a low beta nothing stops the two from running apart, however much more the rejected answer loses.
  const isLoose = beta !== undefined && beta <= looseBeta && factor >= collapseFactor;
  const error = (1.25 * up.noise) / Math.sqrt(lastingRows);
  if (!(factor >= leastFactor && (isLoose || lost >= share * gained) && lost > collapseErrors * error)) return null;
  const low = lastingFrom(up, (value) => value <= Math.min(factor, collapseFactor) * 0.9 * up.start);
  if (low < 0 || up.length - low < lastingRows / 2) return null;
  return { kind: "collapse", rows: up, row: departure(up, low, up.start, at(up.smooth, low)), now };
}

function aboveChance(rows: Track | undefined): PreferenceFault | null {
  if (rows === undefined || rows.length < leastRows) return null;
  // A loss with another term, or of another kind (IPO, hinge), does not start at ln 2.
  if (Math.abs(at(rows.value, 0) - chanceLoss) > 0.15) return null;
  const from = lastingFrom(rows, (value) => value > overChance * chanceLoss);
  if (from < 0 || rows.length - from < lastingRows) return null;
  return {
    kind: "above-chance",
    rows,
    row: changePoint(rows, 0, from + 1),
    now: levelOf(rows, rows.length - lastRows),
  };
}

function noneIn(hits: Track | undefined, gaps: Track | undefined): PreferenceFault | null {
  const rows = hits ?? gaps;
  if (rows === undefined || rows.length < (hits === undefined ? patientRowsAlone : patientRows)) return null;
  const half = Math.floor(rows.length / 2);
  if (hits !== undefined && !isEqual(gaps)) {
    const now = mean(hits.value.subarray(half));
    const error = hits.noise / Math.sqrt(hits.length - half);
    if (Math.abs(now - 0.5) > Math.max(noneAccuracy, 3 * error)) return null;
  }
  if (gaps !== undefined && gaps.length >= patientRows) {
    if (movement(gaps, 0, lastRows, gaps.length) === "rose") return null;
    const now = mean(gaps.value.subarray(half));
    if (now > (4 * gaps.noise) / Math.sqrt(gaps.length - half)) return null;
  }
  return { kind: "none", rows, row: 0, now: mean(rows.value.subarray(half)) };
}

const titles: Readonly<Record<PreferenceFault["kind"], string>> = {
  reversed: "Rejected answers are preferred",
  "reversed-held-out": "Held-out preferences are reversed",
  none: "No preference is learned",
  collapse: "Chosen answers become unlikely",
  "above-chance": "Preference loss is above chance",
  "none-held-out": "The preference does not hold on other pairs",
  stiff: "beta keeps the model at its reference",
};

export const preferenceDegeneration = defineRule({
  id: "preference-degeneration",
  title: "Preference learning degenerates",
  why: "The loss only compares two answers: it can be won while the model gets worse at both, or lost without a sign in the loss.",
  needs: {
    known: enough,
    fault: preferenceFault,
    up: optional(chosen),
    down: optional(rejected),
    gaps: optional(margins),
    hits: optional(accuracies),
    logps: optional(logpsChosen),
    grad: optional(gradShape),
    rate: optional(learningRate),
    options,
  },
  signOf: ["masked-labels", "hidden-non-finite-loss", "non-finite-loss", "reference-mismatch"],
  leadsTo: ["no-learning"],
  check({ fault, ...facts }) {
    if (fault === null) return [];
    const { kind, rows, row, now } = fault;
    // Reversed at the first evaluation: so it was when training began.
    const began = facts.hits ?? facts.gaps;
    const step = kind === "reversed-held-out" && row === 0 && began !== null ? at(began.step, 0) : at(rows.step, row);
    const last = rows.length - 1;
    const others: Evidence[] = [facts.up, facts.down, facts.gaps, facts.hits, facts.logps].flatMap((track) =>
      track === null || track.series === rows.series
        ? []
        : [
            {
              series: track.series,
              step: at(track.step, track.length - 1),
              value: at(track.value, track.length - 1),
              note: `around ${say(at(track.smooth, track.length - 1))} now, ${say(track.start)} at the start`,
            },
          ],
    );
    const messages: Readonly<Record<PreferenceFault["kind"], string>> = {
      reversed: `${rows.series} is ${say(now)} on average over the last ${saySteps(Math.min(lastRows, rows.length))}: the model finds the rejected answer likelier than the chosen one.`,
      "reversed-held-out": `${rows.series} is ${say(now)}, below 0.5 since step ${step}: on held-out pairs the model prefers the rejected answer.`,
      none: `In ${saySteps(rows.length)} no preference appeared: ${rows.series} is ${say(now)} on average, as by chance.`,
      collapse: `The log probability of chosen answers fell from ${say(rows.start)} to ${say(now)}, ${say(Math.round((10 * now) / rows.start) / 10)} times the start, from step ${step} on: the margin is won by making both answers unlikely.`,
      "none-held-out": `${rows.series} is ${say(now)} on average over the last evaluations, as by chance, while the training pairs are learned (${say(facts.hits === null ? 0 : levelOf(facts.hits, facts.hits.length - lastRows))}).`,
      stiff: `beta is ${say(facts.options.number("kl_coefficient") ?? 0)}, ten times what recipes have: a difference of a fraction of a nat already settles the loss, and wrong pairs cost many times ln 2.`,
      "above-chance": `The preference loss is ${say(now)}, well above the ln 2 (0.6931) of a model that does not know: it is sure of the wrong answers.`,
    };
    return [
      {
        title: titles[kind],
        severity:
          (kind === "collapse" && now / rows.start < farFactor) || kind === "none-held-out" || kind === "stiff"
            ? "warning"
            : "error",
        message: messages[kind],
        onset: { step },
        end: null,
        recovered: false,
        evidence: [
          { series: rows.series, step, value: at(rows.value, row), note: "first row of it" },
          { series: rows.series, step: at(rows.step, last), value: at(rows.value, last), note: "last row" },
          ...others,
        ],
        causes: rank(preferenceSuspects(fault, facts)),
        advice: preferenceAdvice(fault, facts),
      },
    ];
  },
});
