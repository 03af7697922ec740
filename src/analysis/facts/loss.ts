import { defineFact } from "../fact.ts";
import { trainLoss } from "../signals.ts";
import { type Curve, longest, whole } from "./curve.ts";

/** The training loss as it was logged, with everything that is not finite. */
export const loss = defineFact<Curve>({
  id: "loss",
  derive(run) {
    const series = longest(run.series(trainLoss));
    return series === undefined ? undefined : whole(series);
  },
});
