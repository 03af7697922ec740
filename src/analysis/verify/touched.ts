/** Which metric a fault shows in. A rule that is not named here shows in the loss, the reward or the evaluation. */
import type { FaultChange } from "../../model/verification.ts";
import type { Metric } from "./metric.ts";

/** The fault is in speed: a loss by steps would not show whether the change helped. */
export const ofSpeed: ReadonlySet<string> = new Set([
  "throughput-drop",
  "input-bound",
  "straggler-rank",
  "stalled-run",
]);
/** The fault has a metric of its own (or is in what is logged), which neither loss nor reward need follow. */
const ofOwnMetric: ReadonlySet<string> = new Set([
  "accumulation-scaling",
  "attention-logit-growth",
  "clipping-dominates",
  "dead-units",
  "desynchronised-ranks",
  "entropy-collapse",
  "frozen-layer",
  "hidden-non-finite-loss",
  "initial-loss-mismatch",
  "kl-blowup",
  "length-explosion",
  "loss-scale-collapse",
  "output-logit-drift",
  "reference-mismatch",
  "resume-discontinuity",
  "saturated-activations",
  "second-moment-lag",
  "update-ratio-out-of-band",
]);

/** What the change was made for: the faults of every run before, or of any where none is in all. */
export function mainFaults(faults: readonly FaultChange[]): FaultChange[] {
  const earlier = faults.filter(({ before }) => before.found > 0);
  const always = earlier.filter(({ before }) => before.found === before.of);
  return always.length > 0 ? always : earlier;
}

/** The faults are gone or could not be looked for, and none of them shows in the metric: it cannot say that the change did not help. */
export function isBesideFault(faults: readonly FaultChange[], metric: Metric): boolean {
  const main = mainFaults(faults);
  return (
    main.length > 0 &&
    main.every(
      ({ rule, state }) =>
        (state === "gone" || state === "not-checked") && (ofSpeed.has(rule) ? !metric.isSpeed : ofOwnMetric.has(rule)),
    )
  );
}
