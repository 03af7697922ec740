import { at, mean } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { isErrorRate } from "../names/quality.ts";
import { evalMetric } from "../signals.ts";
import { finiteRows, rowBefore, whole } from "./curve.ts";
import { evalLoss } from "./eval-loss.ts";
import { supervisedLoss } from "./supervised-loss.ts";
import { plainest } from "./track.ts";

/** A held-out error rate that stands where a model that says nothing has it. */
export interface WorstRate {
  readonly series: string;
  readonly evals: number;
  /** First evaluation; since then neither loss has come any further. */
  readonly step: number;
  readonly held: { readonly from: number; readonly to: number };
  readonly last: { readonly step: number; readonly value: number };
}

/** A recogniser that learns may put out nothing but blanks for an epoch or two, at an error rate of 1, while its loss falls. */
const fewestEvals = 4;
/** All is wrong: as many errors as there are words. The printed digits of 0.9996 are 1.000. */
const allWrong = 0.9995;
/** As of a flat held-out loss in `no-learning`. */
const heldShare = 0.01;
/**
 * The training loss may gain a little by heart, with nothing of it on held-out data: recorded runs with shuffled
 * transcripts gain 1.5 to 3 %. One that gains more overfits, which is another finding.
 */
const trainShare = 0.06;
const levelRows = 5;
const levelParts = 6;

export const worstRate = defineFact<WorstRate>({
  id: "error rate and loss of held-out data",
  derive(run, get) {
    const logged = get(evalLoss);
    const training = get(supervisedLoss);
    const rates = plainest(run.series(evalMetric).filter(({ name }) => isErrorRate(name)));
    if (logged === undefined || training === undefined || rates === undefined) return undefined;
    const held = finiteRows(logged);
    const rate = finiteRows(whole(rates));
    if (held.length < fewestEvals || rate.length < fewestEvals) return undefined;
    if (!rate.value.every((value) => value >= allWrong)) return undefined;
    const [from, to] = [at(held.value, 0), at(held.value, held.length - 1)];
    if (!held.value.every((value) => value > (1 - heldShare) * from) || !(from > 0)) return undefined;
    const row = rowBefore(training, at(held.step, 0));
    if (row < 0 || training.length - row < 2 * levelRows) return undefined;
    const count = Math.max(levelRows, Math.floor((training.length - row) / levelParts));
    const then = mean(training.value.subarray(row, row + count));
    const now = mean(training.value.subarray(-count));
    if (!(now > (1 - trainShare) * then)) return undefined;
    const end = rate.length - 1;
    return {
      series: rate.series,
      evals: rate.length,
      step: at(held.step, 0),
      held: { from, to },
      last: { step: at(rate.step, end), value: at(rate.value, end) },
    };
  },
});
