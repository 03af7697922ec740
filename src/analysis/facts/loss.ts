import { defineFact } from "../fact.ts";
import { trainLoss } from "../signals.ts";
import { type Curve, longest, whole } from "./curve.ts";

/** The training loss as it was logged, with everything that is not finite. */
export const loss = defineFact<Curve>({
  id: "loss",
  derive(run) {
    const all = run.series(trainLoss);
    const series = longest(all);
    if (series === undefined) return undefined;
    // Each rank may log its own: one whose numbers are lost is the one to look at.
    const lost = all.find(
      ({ name, length, value }) =>
        name === series.name && 2 * length >= series.length && !Number.isFinite(value[length - 1] ?? 0),
    );
    return whole(lost ?? series);
  },
});
