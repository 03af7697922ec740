import { defineFact } from "../fact.ts";
import { partialLoss, trainLoss } from "../signals.ts";
import { type Curve, foremost, whole } from "./curve.ts";

/** The training loss as it was logged, with everything that is not finite. */
export const loss = defineFact<Curve>({
  id: "loss",
  derive(run) {
    const all = run.series(trainLoss);
    const series = foremost(all, trainLoss);
    if (series === undefined) {
      // Parts of an objective have no level that means anything; numbers that are lost are lost all the same.
      const part = run
        .series(partialLoss)
        .find(({ length, value }) => length > 0 && !Number.isFinite(value[length - 1]));
      return part === undefined ? undefined : whole(part);
    }
    // Each rank may log its own: one whose numbers are lost is the one to look at.
    const lost = all.find(
      ({ name, length, value }) =>
        name === series.name && 2 * length >= series.length && !Number.isFinite(value[length - 1] ?? 0),
    );
    return whole(lost ?? series);
  },
});
