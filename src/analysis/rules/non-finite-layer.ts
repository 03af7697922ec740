import { at } from "../../base/statistics.ts";
import type { Evidence } from "../../model/finding.ts";
import { toWire } from "../../model/number.ts";
import { type Clue, rank, type Suspect } from "../causes.ts";
import { optional } from "../fact.ts";
import type { Curve } from "../facts/curve.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { curveOf, layerActivationMax, layerWeightNorm, type LayerCurve, medianOf } from "../facts/layers.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { logLines } from "../facts/log-lines.ts";
import { loss } from "../facts/loss.ts";
import { lossScale } from "../facts/loss-scale.ts";
import { lossOfNumbers } from "../facts/non-finite.ts";
import { type NonFiniteTensor, nonFiniteTensor } from "../facts/non-finite-tensor.ts";
import { options, precision } from "../facts/options.ts";
import { objective } from "../facts/trainer.ts";
import { addNormalisation } from "../layer-advice.ts";
import { say, saySteps } from "../numbers.ts";
import { overflowAdvice, overflowSuspects, readPrelude, type Prelude, type PreludeFacts } from "../prelude.ts";
import { defineRule } from "../rule.ts";

/** Good rows of the loss after the last bad step that show that training went on. */
const recoveryRows = 2;
/** A scaled gradient that overflows is skipped and the scale halved; this many in a row are beyond that: 65536 is 16 halvings from 1. */
const skippedSteps = 16;
/** The square of a number above this overflows fp16, whose largest is 65504. */
const fp16Root = 256;
/** Inputs that no healthy layer has in fp32: attention logits above it come with divergence (arXiv 2309.14322). */
const hugeInput = 1e4;
/** Growth of a layer's largest activation or weight norm before the loss of numbers that speaks of runaway updates. */
const runawayFactor = 4;

/** The advice that answers a cause comes first. */
const answers: Readonly<Record<string, string>> = {
  "fp16-overflow": "use-bf16",
  "learning-rate-too-high": "lower-learning-rate",
  "nan-in-code": "guard-operation",
  "bad-batch": "check-inputs",
};

export const nonFiniteLayer = defineRule({
  id: "non-finite-layer",
  title: "A layer makes numbers that are not finite",
  why: "From the first NaN or infinity on, everything that is computed from it is lost; this is where it was made.",
  needs: {
    tensor: nonFiniteTensor,
    loss: optional(loss),
    lost: optional(lossOfNumbers),
    grad: optional(gradShape),
    rate: optional(learningRate),
    scale: optional(lossScale),
    lines: optional(logLines),
    precision: optional(precision),
    objective: optional(objective),
    activations: optional(layerActivationMax),
    weights: optional(layerWeightNorm),
    options,
  },
  signOf: ["masked-labels"],
  leadsTo: ["non-finite-loss", "hidden-non-finite-loss", "loss-divergence", "loss-spike"],
  check(facts) {
    const { tensor, loss: logged, lost } = facts;
    if (tensor === "none") return [];
    const goodRows = logged === null ? 0 : rowsAfter(logged, tensor.lastStep);
    const isScaled = facts.scale !== null || (facts.lines?.overflows.length ?? 0) > 0 || facts.precision === "fp16";
    // A dynamic loss scale is looked for by overflowing: such steps are skipped and are everyday.
    if (tensor.phase === "backward" && isScaled && lost === null && tensor.badSteps < skippedSteps) return [];
    const recovered = lost === null && goodRows >= recoveryRows;
    const prelude = preludeOf(facts, tensor);
    const series = tensor.series;
    const what =
      tensor.tensor ?? (tensor.phase === "forward" ? "output" : tensor.phase === "backward" ? "grad" : "weight");
    const evidence: Evidence[] = [
      {
        series,
        step: tensor.step,
        value: tensor.nan === null && tensor.inf === null ? null : (tensor.nan ?? 0) + (tensor.inf ?? 0),
        note: `${countsOf(tensor)} in the ${isFromLoss(tensor) ? "gradient that came from the loss into" : `${nameOf(what)} of`} ${tensor.layer}${tensor.class === null ? "" : ` (${tensor.class})`}, ${tensor.phase}`,
      },
      ...(tensor.inputFinite === null
        ? []
        : [
            {
              series: null,
              step: tensor.step,
              // Beside an input that is lost, its largest finite number would read as if it were well.
              value: !tensor.inputFinite || Number.isNaN(tensor.inputMax) ? null : toWire(tensor.inputMax),
              note: `its input ${tensor.inputFinite ? `was finite${Number.isNaN(tensor.inputMax) ? "" : `, largest ${say(tensor.inputMax)}`}` : `was not finite${tensor.producer === null ? "" : `; it came from ${tensor.producer}`}`}`,
            },
          ]),
      ...(prelude?.evidence ?? []),
    ];
    const causes = rank(suspectsOf(tensor, prelude, facts, isLossFinite(logged, tensor.step)));
    const first = answers[causes[0]?.id ?? ""];
    const advice = [...ownAdvice(tensor), ...(prelude === null ? [] : overflowAdvice(prelude, facts.options))];
    return [
      {
        ...(isFromLoss(tensor) ? { title: "The loss makes numbers that are not finite" } : {}),
        severity: recovered ? "warning" : "error",
        message: `${madeBy(tensor, what)}.${recovered ? ` Training went on; the loss was finite in ${saySteps(goodRows)} since.` : ""}`,
        onset: {
          step: tensor.step,
          // The layer next to the loss only received what the loss made.
          ...(isFromLoss(tensor) ? {} : { layer: placeOf(tensor) }),
          ...(tensor.time === null ? {} : { time: tensor.time }),
        },
        end: recovered ? { step: tensor.lastStep } : null,
        recovered,
        evidence,
        causes,
        advice: advice.toSorted((a, b) => Number(b.id === first) - Number(a.id === first)),
      },
    ];
  },
});

/** Code between two parts of a module is that module's own. */
function placeOf(tensor: NonFiniteTensor): string {
  const { layer, producer } = tensor;
  if (!isBetween(tensor) || producer === null) return layer;
  const [ours, theirs] = [layer.split("."), producer.split(".")];
  let shared = 0;
  while (shared < ours.length - 1 && ours[shared] === theirs[shared]) shared += 1;
  return shared === 0 ? layer : ours.slice(0, shared).join(".");
}

/** The gradient came in from what follows the network: nothing in the layer made it. */
const isFromLoss = ({ phase, producer, tensor }: NonFiniteTensor): boolean =>
  phase === "backward" && producer === "loss" && (tensor === null || tensor === "grad");

/** What the module before put out was finite, what this one was given was not: functions between them made it. */
const isBetween = ({ phase, tensor, inputFinite, producer }: NonFiniteTensor): boolean =>
  phase === "forward" && tensor === "input" && inputFinite === false && producer !== null;

/** Of that step; null when it is not logged. */
function isLossFinite(curve: Curve | null, step: number): boolean | null {
  if (curve === null) return null;
  const row = curve.step.indexOf(step);
  return row < 0 ? null : Number.isFinite(at(curve.value, row));
}

function madeBy(tensor: NonFiniteTensor, what: string): string {
  const { layer, step, after } = tensor;
  if (isFromLoss(tensor))
    return `The computation of the loss made the first number that is not finite, at step ${step}: ${countsOf(tensor)} in the gradient that came from it into ${layer}`;
  if (isBetween(tensor))
    return `The code between ${tensor.producer} and ${layer}, outside of any module, made the first number that is not finite, at step ${step} in the ${phaseName(tensor)}: ${countsOf(tensor)} in what ${layer} was given`;
  const made = `made the first number that is not finite, at step ${step} in the ${phaseName(tensor)}: ${countsOf(tensor)}`;
  return after === null
    ? `${layer} ${made} in its ${nameOf(what)}${inputWords(tensor)}`
    : `The code of ${layer} after ${after}, outside of any module, ${made}${inputWords(tensor)}`;
}

const nameOf = (what: string): string => (what === "grad" ? "gradient" : what === "weight" ? "weights" : what);

const phaseName = ({ phase }: NonFiniteTensor): string =>
  phase === "optimizer" ? "optimizer's step" : `${phase} pass`;

function countsOf({ nan, inf, of }: NonFiniteTensor): string {
  const parts = [nan === null || nan === 0 ? "" : `${nan} NaN`, inf === null || inf === 0 ? "" : `${inf} infinite`];
  const said = parts.filter((part) => part !== "").join(" and ");
  return said === "" ? "NaN or infinite numbers" : `${said}${of === null ? "" : ` of ${of}`}`;
}

function inputWords({ inputFinite, inputMax, producer }: NonFiniteTensor): string {
  if (inputFinite === null) return "";
  if (inputFinite)
    return Number.isNaN(inputMax) ? ", from a finite input" : `, from a finite input of at most ${say(inputMax)}`;
  return producer === null
    ? "; what the network was given was not finite already"
    : `; its input from ${producer} was not finite already`;
}

function rowsAfter(curve: Curve, step: number): number {
  let count = 0;
  for (let i = curve.length - 1; i >= 0 && at(curve.step, i) > step; i--) {
    if (!Number.isFinite(at(curve.value, i))) return 0;
    count += 1;
  }
  return count;
}

interface Facts {
  readonly loss: Curve | null;
  readonly precision: "fp16" | "bf16" | "fp32" | null;
  readonly activations: readonly LayerCurve[] | null;
  readonly weights: readonly LayerCurve[] | null;
}

/** What came before, seen from the loss's row at or after the tensor; null without a loss. */
function preludeOf(
  facts: Omit<PreludeFacts, "loss"> & { readonly loss: Curve | null },
  tensor: NonFiniteTensor,
): Prelude | null {
  const { loss: logged } = facts;
  if (logged === null || logged.length === 0) return null;
  let row = logged.length - 1;
  while (row > 0 && at(logged.step, row - 1) >= tensor.step) row -= 1;
  return readPrelude({ ...facts, loss: logged }, { kind: "logged", row, step: tensor.step, rowsBefore: row });
}

function suspectsOf(
  tensor: NonFiniteTensor,
  prelude: Prelude | null,
  facts: Facts,
  wasLossFinite: boolean | null,
): Suspect[] {
  const { inputFinite, inputMax, nan, inf, of, phase, producer } = tensor;
  const lostNumbers = (nan ?? 0) + (inf ?? 0);
  const isSome = nan === null || of === null ? null : lostNumbers < of;
  const fromLoss = isFromLoss(tensor);
  const grown = growthBefore(curveOf(facts.activations, tensor.layer), tensor.step);
  const heavier = growthBefore(curveOf(facts.weights, tensor.layer), tensor.step);
  const runaway = Math.max(grown, heavier);
  // Whole numbers, as the tokens a model is given, have no size worth noting.
  const isModest =
    inputFinite === true && (Number.isNaN(inputMax) || inputMax < (facts.precision === "fp16" ? fp16Root : hugeInput));
  const extra: Readonly<Record<string, readonly Clue[]>> = {
    "learning-rate-too-high": [
      {
        present: Number.isNaN(runaway) ? null : runaway >= runawayFactor,
        for: `${grown >= heavier ? "its largest activation" : "the norm of its weights"} had grown ${say(Math.round(runaway))} times before`,
        against: "neither its activations nor its weights had grown before",
        weight: 3,
      },
      {
        present: inputFinite === true && facts.precision !== "fp16" && inputMax >= hugeInput ? true : null,
        for: `its input had reached ${say(inputMax)}`,
        weight: 3,
      },
      {
        present: isSome === true ? false : null,
        against: `only ${lostNumbers} of ${of ?? 0} numbers are lost`,
        weight: 1,
      },
    ],
    "fp16-overflow": [
      {
        present:
          inputFinite === true &&
          inf !== null &&
          inf > 0 &&
          inputMax >= fp16Root &&
          facts.precision !== "bf16" &&
          facts.precision !== "fp32"
            ? true
            : null,
        for: `a finite input of ${say(inputMax)} became infinite, and its square is above 65504`,
        weight: 4,
      },
    ],
    "bad-batch": [
      {
        present: inputFinite === null ? null : !inputFinite && producer === null,
        for: "what the network was given was not finite, before any layer",
        against: "what the layer was given was finite",
        weight: 8,
      },
    ],
  };
  const shared = (prelude === null ? bare : overflowSuspects(prelude).filter(({ id }) => id !== "nan-in-code")).map(
    (suspect) => ({
      ...suspect,
      clues: [...suspect.clues, ...(extra[suspect.id] ?? [])],
    }),
  );
  return [
    ...shared,
    {
      id: "nan-in-code",
      statement: `An operation ${whereOf(tensor)} has no value, or no derivative, there: 0/0, the log or root of 0, ${fromLoss ? "a mean over no label" : "a softmax over nothing but masked places, a norm over equal numbers"}.`,
      prior: 0.15,
      clues: [
        {
          present: isBetween(tensor) ? true : null,
          for: `what ${producer} put out was finite, what ${tensor.layer} was given was not`,
          weight: 12,
        },
        {
          present: inputFinite === null || phase !== "forward" ? null : isModest && (nan ?? 0) > 0,
          for: `a finite input${Number.isNaN(inputMax) ? "" : ` of at most ${say(inputMax)}`} became NaN inside it`,
          weight: 6,
        },
        {
          // Updates that are too large lose a few numbers first, and those are of a layer that had grown.
          present: isModest && phase === "forward" && isSome === false ? true : null,
          for: `all ${lostNumbers} numbers were lost at once, from a finite input`,
          weight: 2,
        },
        {
          present: phase === "backward" && facts.precision !== "fp16" ? true : null,
          for: fromLoss
            ? "the gradient was not finite where it left the loss, before it came through any layer"
            : wasLossFinite === true
              ? "the forward pass of the same step was finite, its derivative was not"
              : "no layer's output was lost before its gradient",
          weight: 4,
        },
        {
          present: isSome === true ? true : null,
          for: "only a part of the numbers is lost, so the weights are not",
          weight: 2,
        },
        {
          present: Number.isNaN(runaway) ? null : runaway >= runawayFactor ? null : true,
          for: "nothing had grown before",
          weight: 1.5,
        },
      ],
    },
    {
      id: "adam-epsilon-too-small",
      statement: "The optimizer divided by a second moment of 0, or its state overflowed.",
      prior: 0.03,
      clues: [
        {
          present: phase === "optimizer",
          for: "gradients were finite and the weights were not after the step",
          against: `the first bad number is of the ${phase} pass`,
          weight: 15,
        },
      ],
    },
  ];
}

/** Where the operation is to be looked for. */
function whereOf(tensor: NonFiniteTensor): string {
  const { layer, producer, after, phase } = tensor;
  if (isFromLoss(tensor))
    return `of the loss, between the output of ${layer === "(model)" ? "the model" : layer} and the number that is minimised,`;
  if (after !== null) return `in the code of ${layer} right after ${after}, before the next module,`;
  if (isBetween(tensor)) return `in the code between ${producer} and ${layer}`;
  return producer === null || phase !== "forward" ? `in ${layer}` : `in ${layer}, or between ${producer} and it,`;
}

/** How many times its usual size a curve had reached before `step`; NaN when there are too few rows to say. */
function growthBefore(curve: LayerCurve | null, step: number): number {
  if (curve === null) return Number.NaN;
  let end = curve.length;
  while (end > 0 && (at(curve.step, end - 1) >= step || !Number.isFinite(at(curve.value, end - 1)))) end -= 1;
  if (end < 3) return Number.NaN;
  return at(curve.value, end - 1) / medianOf(curve, 0, Math.max(2, Math.ceil(end / 2)));
}

/** Without a loss nothing is known of what came before. */
const bare: readonly Suspect[] = [
  {
    id: "learning-rate-too-high",
    statement: "The learning rate is too high: updates grew until the numbers overflowed.",
    prior: 0.3,
    clues: [],
  },
  {
    id: "fp16-overflow",
    statement: "Activations or gradients overflowed in fp16 (largest value 65504).",
    prior: 0.15,
    clues: [],
  },
  {
    id: "bad-batch",
    statement: "A batch holds an empty or broken example (nothing to attend to, no label, a value that is not finite).",
    prior: 0.2,
    clues: [],
  },
];

function ownAdvice(tensor: NonFiniteTensor): readonly ReturnType<typeof addNormalisation>[] {
  if (tensor.inputFinite === false && tensor.producer === null)
    return [
      {
        id: "check-inputs",
        summary: `Refuse batches whose inputs are not finite: assert torch.isfinite(batch).all() before the model, and look at the batch of step ${tensor.step}.`,
        changes: [],
        dialect: null,
        expect: "The assertion names the example; without it every layer is finite.",
        source: "https://docs.pytorch.org/docs/stable/generated/torch.isfinite.html",
      },
    ];
  const isModest = isBetween(tensor) || (tensor.inputFinite === true && !(tensor.inputMax >= fp16Root));
  if (isFromLoss(tensor) || (tensor.phase !== "optimizer" && isModest))
    return [
      {
        id: "guard-operation",
        summary: `Look at the operation ${whereOf(tensor)} and guard it: an epsilon inside sqrt, log and division, clamp before exp, and no row of ${isFromLoss(tensor) ? "the loss without a label" : "attention without a single unmasked place"}. torch.autograd.detect_anomaly names its line.`,
        changes: [],
        dialect: null,
        expect: "The same batch passes with finite outputs and gradients.",
        source: "https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection",
      },
    ];
  return tensor.inputMax >= hugeInput ? [addNormalisation(tensor.layer)] : [];
}
