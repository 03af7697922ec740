import { defineFact } from "../fact.ts";
import { at } from "../../base/statistics.ts";
import { evalLoss, taskMetrics } from "./eval-loss.ts";
import { loss } from "./loss.ts";
import { options } from "./options.ts";

/** Held-out data are looked at after all but a few rows. */
const mostRows = 0.75;
const fewestEvals = 3;

/**
 * Whether steps count epochs, and each has a row: what a row tells is then the mean over many batches. Known by the number
 * of epochs that is configured, or by evaluations, which nobody makes after each batch.
 */
export const rowPerEpoch = defineFact<boolean>({
  id: "loss",
  derive(_run, get) {
    const rows = get(loss);
    if (rows === undefined || rows.length < 2) return false;
    const { step, length } = rows;
    if (at(step, length - 1) - at(step, 0) !== length - 1 || at(step, 0) > 1) return false;
    if (at(step, length - 1) <= (get(options)?.number("epochs") ?? 0)) return true;
    const evals = [get(evalLoss), ...(get(taskMetrics) ?? [])].reduce(
      (most, one) => Math.max(most, one?.length ?? 0),
      0,
    );
    return evals >= Math.max(fewestEvals, mostRows * length);
  },
});
