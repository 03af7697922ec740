import type { Decoded } from "../../model/batch.ts";
import type { Scalar } from "../../model/config.ts";

/**
 * Keras' CSVLogger counts epochs from 0, its progress bar counts batches. Where the bar told how many make an
 * epoch, the rows of such a file are put at the steps at which their epochs ended.
 */
export function inSteps(decoded: Decoded, config: ReadonlyMap<string, Scalar>): Decoded {
  const perEpoch = config.get("steps_per_epoch");
  if (typeof perEpoch !== "number" || perEpoch <= 1) return decoded;
  const epoch = decoded.series.find(({ name }) => name === "epoch");
  if (epoch === undefined || !epoch.step.every((step, i) => step === epoch.value[i])) return decoded;
  return {
    ...decoded,
    series: decoded.series.map((points) => ({ ...points, step: points.step.map((step) => (step + 1) * perEpoch) })),
  };
}
