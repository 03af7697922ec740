import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { defineFact, optional } from "../fact.ts";
import { intendedFreezing } from "../facts/intended-freezing.ts";
import {
  curveOf,
  endStretch,
  type LayerCurve,
  layerGradNorm,
  layerUpdateRatio,
  layerWeightNorm,
} from "../facts/layers.ts";
import { options, type Options } from "../facts/options.ts";
import { setup as setupFact, type Setup } from "../facts/setup.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule, type FindingDraft } from "../rule.ts";

/** Watched rows without a change; SageMaker Debugger's UnchangedTensor takes 3, but a router may leave an expert out for some. */
const fewestRows = 5;
const lastUpdates = 2;
/** Watched rows after the step at which the configuration lets them train. */
const overdueRows = 2;
/** When nearly everything is frozen, somebody trains a head or an adapter and means it. */
const headShare = 0.8;
/** Parts that are copied or left out by design: a teacher, an averaged copy, a head that the loss does not use. */
const copies =
  /(^|[._])(pooler|teacher|target|ema|ref|reference|momentum_encoder|frozen|rotary_emb|position_ids)([._]|$)/i;

interface Frozen {
  readonly layer: string;
  readonly curve: LayerCurve;
  readonly row: number;
  readonly rows: number;
  /** Gradient at the end: some, exactly 0, or none was ever computed. */
  readonly gradient: "some" | "zero" | "none" | "unknown";
}

/** The layers that train, or none where it is known all the same that some can not. */
const updatesOrOptimizer = defineFact<readonly LayerCurve[]>({
  id: layerUpdateRatio.id,
  derive: (_run, get) => get(layerUpdateRatio) ?? (get(setupFact)?.notOptimized === null ? undefined : []),
});

export const frozenLayer = defineRule({
  id: "frozen-layer",
  title: "A layer does not change",
  why: "The other layers train around weights that stay what they were, often random ones.",
  needs: {
    updates: updatesOrOptimizer,
    gradients: optional(layerGradNorm),
    weights: optional(layerWeightNorm),
    intended: intendedFreezing,
    setup: setupFact,
    options,
  },
  signOf: ["non-finite-layer"],
  leadsTo: ["no-learning", "loss-plateau"],
  check({ updates, gradients, weights, intended, setup, options: settings }) {
    if (intended.reason !== null) return [];
    const { until } = intended;
    const forgotten = setup.notOptimized;
    if (forgotten !== null && forgotten.names.some((name) => !copies.test(name)))
      return [notGiven(forgotten, updates, settings)];
    const training = updates.filter((curve) => isMoving(curve));
    if (training.length === 0) return [];
    const latest = training.reduce((last, curve) => Math.max(last, at(curve.step, curve.length - 1)), 0);
    const all = new Set([...updates, ...(weights ?? [])].map((curve) => curve.layer));
    const frozen = [
      ...updates.flatMap((curve) => frozenOf(curve, curveOf(gradients, curve.layer), gradients !== null) ?? []),
      ...(gradients ?? []).flatMap((curve) => withoutGradient(curve, updates) ?? []),
      ...(weights ?? []).flatMap((curve) => neverTrained(curve, updates, gradients) ?? []),
    ].filter(({ layer, curve }) => !copies.test(layer) && at(curve.step, curve.length - 1) >= latest);
    const [first] = frozen.toSorted((a, b) => at(a.curve.step, a.row) - at(b.curve.step, b.row));
    if (first === undefined) return [];
    const step = at(first.curve.step, first.row);
    const isOverdue = until !== null && rowsFrom(first.curve, until.surely) >= overdueRows;
    // Until then it is meant.
    if (until !== null && !isOverdue) return [];
    const isFromStart = first.row === 0;
    const isHead = frozen.length >= headShare * all.size;
    // No gradient, and fewer parameters require one than there are: somebody switched a small part off, which is said
    // and not warned of.
    // Where no settings are known at all nothing could say that it is meant, however large the part is.
    const isUntold = settings.number("learning_rate") === undefined && settings.number("batch_size") === undefined;
    const isSwitchedOff =
      !intended.isDenied &&
      setup.trainableShare !== null &&
      (setup.trainableShare >= 0.5 || isUntold) &&
      setup.trainableShare < 1 &&
      frozen.every(({ gradient }) => gradient === "none");
    // Who trains a head does not give the optimizer what it leaves alone: then the graph is cut.
    const isCut =
      setup.isAllGiven === true && frozen.every(({ gradient }) => gradient === "none" || gradient === "zero");
    const names = frozen.slice(0, 3).map((one) => one.layer);
    const place =
      moduleOf(
        frozen.map((one) => one.layer),
        [...all],
      ) ?? first.layer;
    const more = frozen.length - names.length;
    return [
      {
        severity: ((isHead && !isCut) || isSwitchedOff) && !isOverdue ? "info" : "warning",
        message: `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""} of ${all.size} layers ${frozen.length === 1 ? "has" : "have"} not changed ${isFromStart ? "since the first watched step" : `since step ${step}`}, for ${saySteps(first.rows, "watched step")}, while the others train. ${isOverdue ? `The configuration has ${until.key}: they should train since step ${until.step}. ` : ""}${gradientWords(first)}`,
        onset: { step: isOverdue ? Math.max(step, until.step) : step, layer: place },
        end: null,
        recovered: false,
        evidence: frozen.slice(0, 5).map((one) => ({
          series: one.curve.series,
          step: at(one.curve.step, one.curve.length - 1),
          value: at(one.curve.value, one.curve.length - 1),
          note: `${one.layer}: ${gradientWords(one)}`,
        })),
        causes: rank([
          {
            id: "frozen-parameters",
            statement: "The parameters do not require a gradient, or were not given to the optimizer.",
            prior: 0.5,
            clues: [
              {
                present: first.gradient === "unknown" ? null : first.gradient === "some" || first.gradient === "none",
                for:
                  first.gradient === "some"
                    ? "there is a gradient, and no update is made with it"
                    : "no gradient is computed for it at all",
                against: "its gradient is computed, and exactly 0",
                weight: 4,
              },
              {
                present: isCut ? false : null,
                against: "all parameters require a gradient and the optimizer holds them",
                weight: 20,
              },
            ],
          },
          {
            id: "detached-graph",
            statement: "The layer's output does not reach the loss: it is detached, multiplied by 0, or not used.",
            prior: 0.25,
            clues: [
              {
                present: first.gradient === "unknown" ? null : isCut || first.gradient === "zero",
                for:
                  first.gradient === "zero"
                    ? "its gradient is exactly 0"
                    : "all parameters require a gradient, and none is computed for it",
                weight: 4,
              },
            ],
          },
          {
            id: "dead-relu",
            statement: "What follows the layer is dead, so that no gradient comes back to it.",
            prior: 0.1,
            clues: [
              {
                present: first.gradient === "zero" && !isFromStart ? true : null,
                for: `its gradient became exactly 0 at step ${step}`,
                weight: 4,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "train-layer",
            summary:
              first.gradient === "some"
                ? `Give the parameters of ${first.layer} to the optimizer: make it from model.parameters() after every layer exists.`
                : isCut || first.gradient === "zero"
                  ? `Find where ${first.layer} is cut off from the loss: detach(), torch.no_grad(), argmax, or an output that is not used.`
                  : `Set requires_grad_(True) on ${first.layer} before the optimizer is made. If it is meant to stay frozen, say so in the configuration (freeze: ${first.layer}).`,
            changes:
              settings.has("trainable_modules") && settings.dialect !== null
                ? [settings.change("trainable_modules", "all")]
                : [],
            dialect: settings.dialect,
            expect: `The update ratio of ${first.layer} is between 1e-4 and 1e-1, as that of the others.`,
            source: "https://docs.pytorch.org/docs/stable/notes/autograd.html#setting-requires-grad",
          },
        ],
      },
    ];
  },
});

/** The optimizer was asked: this needs no rows, and there is nothing to weigh. */
function notGiven(
  { names, layers, share }: NonNullable<Setup["notOptimized"]>,
  updates: readonly LayerCurve[],
  settings: Options,
): FindingDraft {
  const first = names.find((name) => curveOf(updates, name) !== null) ?? names[0] ?? "";
  const curve = curveOf(updates, first) ?? updates[0];
  const more = layers - Math.min(3, names.length);
  // The list of names may be cut; layers without an update tell the rest.
  const still = updates.filter((one) => one.value.every(isZero)).map((one) => one.layer);
  const module = moduleOf([...names, ...still], [...names, ...updates.map((one) => one.layer)]);
  return {
    severity: "warning",
    message: `${names.slice(0, 3).join(", ")}${more > 0 ? ` and ${more} more` : ""} have trainable parameters that no optimizer holds: ${say(Math.round(100 * share))} % of all trainable ones stay what they were. Gradients are computed for them in each step, and nothing is done with those.`,
    onset: { step: curve === undefined ? null : at(curve.step, 0), layer: module ?? first },
    end: null,
    recovered: false,
    evidence: [
      {
        series: null,
        step: null,
        value: layers,
        note: "layers with parameters that no optimizer holds (llmdbg.watch)",
      },
    ],
    causes: rank([
      {
        id: "frozen-parameters",
        statement: "The parameters were not given to the optimizer.",
        prior: 1,
        clues: [{ present: true, for: "the optimizer's parameter groups do not hold them", weight: 10 }],
      },
    ]),
    advice: [
      {
        id: "train-layer",
        summary: `Make the optimizer from all of model.parameters(), after every layer exists. If ${first} is meant to stay as it is, set requires_grad_(False) on it: its gradients then cost nothing.`,
        changes: [],
        dialect: settings.dialect,
        expect: `The update ratio of ${first} is between 1e-4 and 1e-1, as that of the others.`,
        source: "https://docs.pytorch.org/docs/stable/optim.html#constructing-it",
      },
    ],
  };
}

/** The smallest module that holds all frozen layers, where it holds several and none that trains. */
function moduleOf(frozen: readonly string[], all: readonly string[]): string | null {
  const still = new Set(frozen);
  const [path = [], ...others] = [...still].map((layer) => layer.split("."));
  if (others.length === 0) return null;
  let depth = 0;
  while (depth < path.length && others.every((other) => other[depth] === path[depth])) depth += 1;
  if (depth === 0) return null;
  const module = path.slice(0, depth).join(".");
  const isWhole = all.every((layer) => still.has(layer) || (layer !== module && !layer.startsWith(`${module}.`)));
  return isWhole ? module : null;
}

const rowsFrom = (curve: LayerCurve, step: number): number => curve.step.filter((one) => one >= step).length;

const isZero = (value: number): boolean => value === 0;
/** Moved by one of its last updates: a schedule that ends at 0 makes the very last one 0 everywhere. */
const isMoving = (curve: LayerCurve): boolean => curve.value.subarray(-lastUpdates).some((value) => value > 0);

function gradientWords({ gradient }: Frozen): string {
  if (gradient === "some") return "It has a gradient, but its weights are not updated.";
  if (gradient === "zero") return "Its gradient is exactly 0.";
  return gradient === "none" ? "No gradient is computed for it." : "Its update is exactly 0.";
}

function frozenOf(curve: LayerCurve, gradient: LayerCurve | null, hasGradients: boolean): Frozen | null {
  const stretch = endStretch(curve, isZero);
  if (stretch === null || stretch.rows < fewestRows) return null;
  const end = gradient === null ? Number.NaN : at(gradient.value, gradient.length - 1);
  const kind = !hasGradients ? "unknown" : gradient === null ? "none" : end === 0 ? "zero" : "some";
  return { layer: curve.layer, curve, ...stretch, gradient: kind };
}

/** Weight decay still moves weights that get no gradient. */
function withoutGradient(curve: LayerCurve, updates: readonly LayerCurve[]): Frozen | null {
  const stretch = endStretch(curve, isZero);
  const update = curveOf(updates, curve.layer);
  if (stretch === null || stretch.rows < fewestRows || update === null || !isMoving(update)) return null;
  return { layer: curve.layer, curve, ...stretch, gradient: "zero" };
}

/** Weights that are watched and have neither a gradient nor an update. */
function neverTrained(
  curve: LayerCurve,
  updates: readonly LayerCurve[],
  gradients: readonly LayerCurve[] | null,
): Frozen | null {
  if (gradients === null || curve.length < fewestRows) return null;
  if (curveOf(updates, curve.layer) !== null || curveOf(gradients, curve.layer) !== null) return null;
  return { layer: curve.layer, curve, row: 0, rows: curve.length, gradient: "none" };
}
