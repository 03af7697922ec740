/** Compares what a person reads in an excerpt with what the rules are given. */
import type { Curve } from "../../src/analysis/facts/curve.ts";
import { foremost } from "../../src/analysis/facts/curve.ts";
import { evalLoss } from "../../src/analysis/facts/eval-loss.ts";
import { loss } from "../../src/analysis/facts/loss.ts";
import type { Get, RunView } from "../../src/analysis/fact.ts";
import type { RunData, SeriesData } from "../../src/analysis/index.ts";
import { qualityOf } from "../../src/analysis/names/quality.ts";
import { splitOf } from "../../src/analysis/names/words.ts";
import * as signals from "../../src/analysis/signals.ts";
import type { Excerpt } from "./corpus.ts";

export type Verdict = "right" | "missed" | "wrong";

export interface Judged {
  readonly meaning: string;
  readonly verdict: Verdict;
  /** Whether the excerpt states it; what is read and not there is wrong, too. */
  readonly stated: boolean;
  readonly detail: string;
}

type Read = Pick<SeriesData, "name" | "length" | "step" | "value">;

const valuesOf = ({ value, length }: Pick<Read, "value" | "length">): number[] => [...value.subarray(0, length)];
const isSame = (a: number, b: number): boolean => Object.is(a, b) || Math.abs(a - b) <= 1e-9 * Math.abs(b);
const areSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((one, i) => isSame(one, b[i] ?? Number.NaN));
const within = (a: readonly number[], b: readonly number[]): boolean => a.every((one) => b.some((o) => isSame(one, o)));

export function judge({ says }: Excerpt, data: RunData): readonly Judged[] {
  const all = [...data.series];
  const view: RunView = {
    series: (signal) => all.filter((one) => signal.matches(one.name, one.labels)),
    config: () => undefined,
    configKeys: () => data.config.keys(),
    records: () => data.records,
    info: () => data.info,
    clock: () => null,
  };
  const get: Get = (fact) => fact.derive(view, get);
  const curve = (found: Curve | undefined): Read | undefined => all.find(({ id }) => id === found?.series);
  const out: Judged[] = [];
  let placed: Read | undefined;

  const one = (meaning: string, stated: readonly number[] | undefined, read: Read | undefined): void => {
    const verdict = compare(stated, read);
    if (stated === undefined && read === undefined) return;
    if (verdict === "right") placed ??= read;
    out.push({ meaning, verdict, stated: stated !== undefined, detail: told(stated, read) });
  };
  const trained = curve(loss.derive(view, get));
  const isMaybe = says.maybe_loss !== undefined && trained !== undefined && areSame(valuesOf(trained), says.maybe_loss);
  one("loss", says.loss, isMaybe ? undefined : trained);
  one("eval_loss", says.eval_loss, curve(evalLoss.derive(view, get)));
  for (const [meaning, signal] of [
    ["learning_rate", signals.learningRate],
    ["grad_norm", signals.gradNorm],
  ] as const)
    one(meaning, says[meaning], foremost(view.series(signal), signal));

  // Of these several may be told side by side; what is read besides is no mistake.
  const any = (meaning: string, stated: readonly number[] | undefined, read: readonly Read[]): void => {
    if (stated === undefined) return;
    const exact = read.find((series) => areSame(valuesOf(series), stated));
    one(meaning, stated, exact ?? read[0]);
  };
  any("step_time", says.step_time, view.series(signals.stepTime));
  any("steps_per_second", says.steps_per_second, view.series(signals.stepsPerSecond));
  any("throughput", says.throughput, view.series(signals.throughput));
  any("data_time", says.data_time, view.series(signals.dataTime));
  any("reward", says.reward, view.series(signals.reward));

  const heldOut = view.series(signals.evalMetric);
  const ofTraining = all.filter(
    ({ name, labels }) =>
      qualityOf(name) !== undefined && splitOf(name, labels) === "train" && !heldOut.some((h) => h.name === name),
  );
  const quality = (
    kind: string,
    stated: Excerpt["says"]["held_out_quality"],
    read: readonly Read[],
    other: readonly Read[],
  ): void => {
    for (const [name, values] of Object.entries(stated ?? {})) {
      const exact = read.find((series) => areSame(valuesOf(series), values));
      const swapped = other.find((series) => within(values, valuesOf(series)));
      if (exact !== undefined) placed ??= exact;
      const verdict = exact !== undefined ? "right" : swapped !== undefined ? "wrong" : "missed";
      out.push({ meaning: `${kind} ${name}`, verdict, stated: true, detail: told(values, exact ?? swapped) });
    }
  };
  quality("held-out", says.held_out_quality, heldOut, ofTraining);
  quality("training", says.training_quality, ofTraining, heldOut);

  if (says.step !== undefined) {
    const at = placed === undefined ? undefined : [...placed.step.subarray(0, placed.length)];
    const verdict = at === undefined ? "missed" : areSame(at, says.step) ? "right" : "wrong";
    out.push({ meaning: "step", verdict, stated: true, detail: `${says.step.join(" ")} | ${at?.join(" ") ?? "-"}` });
  }
  return out;
}

function compare(stated: readonly number[] | undefined, read: Read | undefined): Verdict {
  if (read === undefined) return "missed";
  if (stated === undefined) return "wrong";
  const values = valuesOf(read);
  if (areSame(values, stated)) return "right";
  // Some of the rows, and nothing else.
  return within(values, stated) ? "missed" : "wrong";
}

const told = (stated: readonly number[] | undefined, read: Read | undefined): string =>
  `${stated?.join(" ") ?? "not there"} | ${read === undefined ? "-" : `${read.name}: ${valuesOf(read).slice(0, 8).join(" ")}`}`;
