import { defineFact } from "../fact.ts";
import { divergence } from "./divergence.ts";
import { lossOfNumbers } from "./non-finite.ts";

/** Present while the loss neither diverged nor was lost: only then is anything else explained away. */
export const sound = defineFact<true>({
  id: "a loss that is sound",
  derive: (_run, get) => (get(divergence) === undefined && get(lossOfNumbers) === undefined ? true : undefined),
});
