import { at } from "../../base/statistics.ts";
import { defineFact, type RunView } from "../fact.ts";
import { layerActivationMax, layerActivationStd } from "./layers.ts";
import { type Inputs, inputs } from "./inputs.ts";
import { learningRate } from "./learning-rate.ts";
import { extremeRateOf, extremeSgd, optimizer } from "./optimizer.ts";
import { options, precision } from "./options.ts";
import { objective } from "./trainer.ts";
import { units } from "./units.ts";
import type { Units } from "./units.ts";

/**
 * What is known of how the run was set up, for and against causes. Always present; a part that is not
 * known is null and then speaks neither for nor against anything.
 */
export interface Setup {
  readonly isAdaptive: boolean | null;
  readonly optimizer: string;
  readonly rate: number | null;
  /** Far above what this kind of optimizer is used with. */
  readonly isRateExtreme: boolean | null;
  /** The rate over the highest that is usual. */
  readonly rateExcess: number | null;
  /** Ten times beyond that, of an optimizer that is known to be adaptive: wrong whatever the loss does. */
  readonly isRateAbsurd: boolean | null;
  readonly isRateTiny: boolean | null;
  readonly hasWarmUp: boolean | null;
  /** 0 when it is off. */
  readonly clip: number | null;
  readonly beta2: number | null;
  readonly epsilon: number | null;
  readonly precision: "fp16" | "bf16" | "fp32" | null;
  readonly shuffles: boolean | null;
  /** The configuration says that there is no normalisation. */
  readonly normalises: boolean | null;
  readonly activation: string | null;
  /** Standard deviation of the first weights, where it is configured. */
  readonly initial: number | null;
  readonly layerCount: number | null;
  readonly trainableShare: number | null;
  /** All parameters require a gradient and are in the optimizer: nothing of the model is frozen on purpose. */
  readonly isAllGiven: boolean | null;
  /** Layers with trainable parameters that no optimizer holds, as `llmdbg.watch` saw them. */
  readonly notOptimized: { readonly names: readonly string[]; readonly layers: number; readonly share: number } | null;
  readonly inputs: Inputs | null;
  /** Activations of the first step: their standard deviation in the last layer over that in the first. */
  readonly growth: number | null;
  /** Largest output of the first layer at the first watched step. */
  readonly firstOutput: number | null;
  readonly units: Units | null;
}

const extremeAdam = extremeRateOf({ name: "Adam", isAdaptive: true, isSupposed: true });
/** Soft prompts are trained with up to 0.3, since nothing but they moves. */
const absurdFactor = 10;
const isPrompt = (run: RunView): boolean =>
  /prompt|prefix|p_?tuning/i.test(String(run.config("peft_type", "adapter", "tuner_type") ?? ""));
const tinyAdam = 3e-6;
const tinySgd = 1e-4;

export const setup = defineFact<Setup>({
  id: "configuration",
  derive(run, get) {
    const settings = get(options);
    const algorithm = get(optimizer) ?? null;
    const logged = get(learningRate);
    const rate = settings?.number("learning_rate") ?? logged?.peak ?? null;
    const isAdaptive = algorithm?.isAdaptive ?? null;
    // Most trainers begin with AdamW; an unknown one is judged by the wider of both bounds.
    // What the schedule made of it was in force: the `learning_rate` of some schedules is a factor of theirs.
    const inForce = rate === null ? null : Math.min(rate, logged?.peak ?? rate);
    const extreme = algorithm === null ? extremeSgd : extremeRateOf(algorithm);
    const tiny = isAdaptive === false ? tinySgd : tinyAdam;
    const warmup = settings?.number("warmup_steps");
    const clip = settings?.number("max_grad_norm") ?? null;
    const trainable = numberOf(run, "model.trainable_parameters");
    const parameters = numberOf(run, "model.parameters");
    const optimized = numberOf(run, "model.optimized_parameters");
    const missing = textsOf(run, "model.not_optimized");
    const stds = get(layerActivationStd) ?? [];
    const [first] = stds;
    const last = stds.at(-1);
    const [firstMax] = get(layerActivationMax) ?? [];
    return {
      isAdaptive,
      optimizer: algorithm?.name ?? "",
      rate,
      // Of an optimizer that is not known, what is usual with SGD may be extreme.
      isRateExtreme:
        inForce === null || (isAdaptive === null && inForce > extremeAdam && inForce <= extreme)
          ? null
          : inForce > extreme,
      rateExcess: inForce === null ? null : inForce / extreme,
      isRateAbsurd:
        inForce === null || isAdaptive !== true || algorithm?.isSupposed === true || isPrompt(run)
          ? null
          : inForce >= absurdFactor * extreme,
      isRateTiny: rate === null ? null : rate < tiny,
      hasWarmUp:
        logged !== undefined && logged.length > 1 && (logged.warmedUpAt !== null || at(logged.value, 0) > 0)
          ? logged.warmedUpAt !== null || (warmup ?? 0) > 0
          : warmup === undefined
            ? null
            : warmup > 0,
      clip,
      beta2: settings?.number("adam_beta2") ?? null,
      epsilon:
        settings?.number("adam_epsilon") ??
        // Of policies `epsilon` is the clip range.
        (get(objective) === "reinforcement" ? null : numberOf(run, "epsilon", "opt_eps", "optimizer_eps")),
      precision: get(precision) ?? null,
      shuffles: switchOf(run, "shuffle", "train.shuffle", "data.shuffle", "dataloader_shuffle"),
      normalises: normalisationOf(run),
      activation: textOf(run, "activation", "hidden_act", "activation_function", "act_fn", "nonlinearity"),
      initial: numberOf(run, "initializer_range", "init_std", "init_scale", "weight_init_std"),
      layerCount: numberOf(run, "n_layer", "num_layers", "num_hidden_layers", "n_layers", "hidden_layers", "depth"),
      trainableShare: trainable === null || parameters === null || parameters === 0 ? null : trainable / parameters,
      isAllGiven:
        trainable === null || parameters === null || optimized === null
          ? null
          : trainable === parameters && optimized === parameters,
      notOptimized:
        missing === null || optimized === null || trainable === null
          ? null
          : {
              names: missing,
              layers: numberOf(run, "model.not_optimized_layers") ?? missing.length,
              share: 1 - optimized / trainable,
            },
      inputs: get(inputs) ?? null,
      growth:
        first === undefined || last === undefined || stds.length < 3 ? null : at(last.value, 0) / at(first.value, 0),
      firstOutput: firstMax === undefined ? null : at(firstMax.value, 0),
      units: get(units) ?? null,
    };
  },
});

function numberOf(run: RunView, ...keys: readonly string[]): number | null {
  const value = run.config(...keys);
  const number = typeof value === "number" ? value : typeof value === "string" ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

function textOf(run: RunView, ...keys: readonly string[]): string | null {
  const value = run.config(...keys);
  return typeof value === "string" && value !== "" ? value.toLowerCase() : null;
}

/** As `llmdbg.watch` writes a list. */
function textsOf(run: RunView, key: string): readonly string[] | null {
  const value = run.config(key);
  return typeof value === "string" && value !== "" ? value.split(", ") : null;
}

function switchOf(run: RunView, ...keys: readonly string[]): boolean | null {
  const value = run.config(...keys);
  if (typeof value === "boolean") return value;
  return typeof value === "string" && /^(true|false)$/i.test(value) ? /^true$/i.test(value) : null;
}

function normalisationOf(run: RunView): boolean | null {
  const value = run.config(
    "norm",
    "norm_type",
    "normalization",
    "normalisation",
    "batch_norm",
    "layer_norm",
    "use_norm",
  );
  if (typeof value === "boolean") return value;
  if (typeof value !== "string" || value === "") return null;
  return !/^(none|no|off|false|identity)$/i.test(value);
}
