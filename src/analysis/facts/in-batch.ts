import { defineFact, type RunView } from "../fact.ts";
import { isHeldOutOnly } from "../names/quality.ts";
import { evalMetric } from "../signals.ts";
import { options } from "./options.ts";
import { levelOf } from "./stretch.ts";
import { supervisedLoss } from "./supervised-loss.ts";
import { objective } from "./trainer.ts";

/** Settings in which a script says that pairs are told apart from the rest of their batch, and what it says there. */
const kindKeys = [
  "negatives",
  "loss",
  "loss_fn",
  "loss_function",
  "loss_type",
  "criterion",
  "objective",
  "model",
  "model_type",
  "architecture",
];
const inBatch =
  /in[-_ ]?batch|info[-_]?nce|nt[-_]?xent|contrastive|multiple[-_]?negatives|two[-_]?tower|dual[-_]?(encoder|tower)|bi[-_]?encoder|\b(clip|simclr|moco|dpr|colbert)\b/i;

/** The first rows, and how far from guessing a random start may be: cosines over a temperature are somewhat above it. */
const firstRows = 5;
const startBand = { from: 0.97, to: 1.25 };
const fewestPairs = 4;

/** Pairs of a batch, among which a retriever that learned nothing guesses. */
export const pairsInBatch = defineFact<number>({
  id: "pairs in a batch",
  derive(run, get) {
    const rows = get(supervisedLoss);
    const size = get(options)?.number("batch_size") ?? 0;
    if (rows === undefined || !(size >= fewestPairs) || get(objective) !== "supervised" || !isRetrieval(run))
      return undefined;
    const start = levelOf(rows.value, 0, Math.min(firstRows, rows.length)) / Math.log(size);
    return start > startBand.from && start < startBand.to ? size : undefined;
  },
});

const isRetrieval = (run: RunView): boolean =>
  run.series(evalMetric).some(({ name }) => isHeldOutOnly(name)) ||
  kindKeys.some((key) => inBatch.test(String(run.config(key) ?? "")));
