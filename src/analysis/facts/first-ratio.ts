import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { classCount } from "./chance.ts";
import { supervisedLoss } from "./supervised-loss.ts";
import { objective } from "./trainer.ts";

/** The first loss over that of a model that guesses among all classes; 1 is what a small random start gives. */
export const firstRatio = defineFact<number>({
  id: "vocab_size or number of classes",
  derive(_run, get) {
    const rows = get(supervisedLoss);
    const classes = get(classCount);
    if (rows === undefined || classes === undefined || !(classes > 1) || get(objective) !== "supervised")
      return undefined;
    return at(rows.value, 0) / Math.log(classes);
  },
});
