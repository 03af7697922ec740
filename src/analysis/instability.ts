import { at } from "../base/statistics.ts";
import type { Advice, Evidence } from "../model/finding.ts";
import { rowAtStep, valueAtStep } from "./facts/curve.ts";
import type { GradShape, Surge } from "./facts/grad-shape.ts";
import type { GradientSum } from "./facts/gradient-sum.ts";
import type { LearningRate } from "./facts/learning-rate.ts";
import type { Options } from "./facts/options.ts";
import { round, say } from "./numbers.ts";

/** What else was going on around `step`, where a loss or a gradient left its band. */
export interface Surroundings {
  readonly step: number;
  readonly grad: GradShape | null;
  readonly rate: LearningRate | null;
  readonly options: Options;
  /** The surge of grad_norm at this place, and by how many of its rows it came first. */
  readonly surge: Surge | null;
  readonly lead: number;
  readonly norm: number | undefined;
  readonly rateHere: number;
  readonly isAtPeak: boolean | null;
  readonly isWarmingUp: boolean | null;
  readonly hasWarmUp: boolean | null;
  readonly clip: number | undefined;
}

/** A surge this many rows before is still the same event: BLOOM's led the loss by 4, GLM-130B's by "a few steps". */
const leadRows = 10;
/** Gradient and loss of one event may be logged a row apart. */
const followRows = 2;

export function surroundingsOf(
  step: number,
  { grad, rate, options }: { grad: GradShape | null; rate: LearningRate | null; options: Options },
): Surroundings {
  const here = grad === null ? -1 : rowAtStep(grad.rows, step);
  const surge =
    grad?.surges.find((s) => (s.row <= here ? here - (s.row + s.rows) <= leadRows : s.row - here <= followRows)) ??
    null;
  const rateHere = rate?.atStep(step) ?? Number.NaN;
  return {
    step,
    grad,
    rate,
    options,
    surge,
    lead: surge === null ? 0 : Math.max(0, here - surge.row),
    norm: grad === null ? undefined : valueAtStep(grad.rows, step),
    rateHere,
    isAtPeak: rate === null || Number.isNaN(rateHere) ? null : rateHere > 0.7 * rate.peak,
    isWarmingUp: rate === null ? null : rate.warmedUpAt !== null && step <= rate.warmedUpAt,
    hasWarmUp: rate === null ? null : rate.warmedUpAt !== null,
    clip: options.number("max_grad_norm"),
  };
}

export function surroundingEvidence({ grad, rate, surge, norm, step, rateHere }: Surroundings): Evidence[] {
  const evidence: Evidence[] = [];
  if (grad !== null && surge !== null)
    evidence.push({
      series: grad.rows.series,
      step: surge.step,
      value: at(grad.rows.value, surge.row),
      note: `gradient norm leaves its band, usually ${say(surge.usual)}, largest ${say(surge.peak.value)}`,
    });
  else if (grad !== null && norm !== undefined && Number.isFinite(norm))
    evidence.push({
      series: grad.rows.series,
      step,
      value: norm,
      note: `gradient norm; its median over the run is ${say(grad.usual)}`,
    });
  if (rate !== null && !Number.isNaN(rateHere))
    evidence.push({ series: rate.series, step: rate.loggedAt(step), value: rateHere, note: "learning rate there" });
  return evidence;
}

const playbook =
  "https://github.com/google-research/tuning_playbook#how-can-optimization-failures-be-debugged-and-mitigated";

export function lowerRate(around: Surroundings, factor: number): Advice[] {
  const { options, rate } = around;
  const known = [options.number("learning_rate"), rate?.peak].filter((one) => one !== undefined);
  const configured = known.find((one) => one > 0);
  // A rate that is known to be 0 cannot be lowered.
  if (configured === undefined && known.length > 0) return [];
  const to = configured === undefined ? 1e-4 : round(configured / factor);
  const changes = [options.change("learning_rate", to, rate?.peak)];
  if (around.hasWarmUp === false) changes.push(options.change("warmup_steps", 100));
  return [
    {
      id: "lower-learning-rate",
      summary: `Lower the learning rate ${factor === 10 ? "tenfold" : `by a factor of ${factor}`}, to ${say(to)}${around.hasWarmUp === false ? ", and warm it up" : ""}.`,
      changes,
      dialect: options.dialect,
      expect: "The loss falls from the first rows on and grad_norm stays in its band.",
      source: playbook,
    },
  ];
}

/** Clipping at 1.5 times the usual norm: near the 90th percentile, as the tuning playbook asks. */
/** Where each step adds its gradient to those of all before. */
export const clearGradients = (sum: GradientSum | null, dialect: Advice["dialect"]): Advice[] =>
  sum?.isSum === true
    ? [
        {
          id: "clear-gradients",
          summary:
            "Call optimizer.zero_grad() once per step, before backward(), also under manual optimization and in loops of one's own.",
          changes: [],
          dialect,
          expect: "The gradient norm scatters around one level, and the loss falls at the same learning rate.",
          source: "https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html",
        },
      ]
    : [];

export function clipGradients({ grad, clip, options }: Surroundings, isLaunch = false): Advice[] {
  // Of a run that never worked nothing is usual; 1 is what most trainers begin with.
  const to = grad !== null && grad.usual > 0 && !isLaunch ? round(1.5 * grad.usual) : 1;
  if (clip !== undefined && clip > 0 && clip <= 2 * to) return [];
  return [
    {
      id: "clip-gradients",
      summary: isLaunch
        ? "Clip the gradient norm at 1."
        : `Clip the gradient norm at ${say(to)}, about the 90th percentile of what is usual here.`,
      changes: [options.change("max_grad_norm", to)],
      dialect: options.dialect,
      expect: "The same batch moves the loss far less.",
      source: playbook,
    },
  ];
}

export const skipBatches = ({ options, step }: Surroundings): Advice => ({
  id: "skip-batches",
  summary: `Look at the batches around step ${step}. If it is the data, drop them; if the same data passes elsewhere, go back about 100 steps and skip 200 to 500 batches.`,
  changes: [],
  dialect: options.dialect,
  expect: "No rise at this step. PaLM's spikes did not come back when the batches were skipped.",
  source: "https://arxiv.org/abs/2204.02311",
});

export const lowerBeta2 = ({ options }: Surroundings): Advice => ({
  id: "lower-beta2",
  summary: "Let Adam's second moment forget faster.",
  changes: [options.change("adam_beta2", 0.95)],
  dialect: options.dialect,
  expect: "Fewer spikes after quiet stretches.",
  source: "https://arxiv.org/abs/2304.13013",
});

export const shuffleExamples = (options: Options): Advice => ({
  id: "shuffle",
  summary: "Shuffle the examples before they are put into batches, so that each batch holds all kinds of them.",
  changes: options.has("shuffle") ? [options.change("shuffle", true)] : [],
  dialect: options.dialect,
  expect: "The loss falls and stays down, and the held-out loss with it.",
  source: "https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader",
});
