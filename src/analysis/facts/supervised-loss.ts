import { defineFact } from "../fact.ts";
import { type Curve, finiteRows } from "./curve.ts";
import { settledOf } from "./settled.ts";
import { loss } from "./loss.ts";
import { lossOfNumbers } from "./non-finite.ts";
import { objective } from "./trainer.ts";

/**
 * The finite rows of a loss that training is meant to lower, up to where the numbers were lost.
 * A reinforcement surrogate is left out: its level means nothing.
 */
export const supervisedLoss = defineFact<Curve>({
  id: "loss of supervised training",
  derive(_run, get) {
    const logged = get(loss);
    if (logged === undefined || get(objective) === "reinforcement") return undefined;
    const rows = finiteRows(logged, get(lossOfNumbers)?.row ?? logged.length);
    return rows.length > 0 ? rows : undefined;
  },
});

/** The same for facts on its whole course. */
export const settledLoss = settledOf(supervisedLoss);
