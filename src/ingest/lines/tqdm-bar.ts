import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { isMeasureName } from "./measure-words.ts";
import { pairsOf } from "./pairs.ts";

/** Descriptions under which loops over training batches run. */
const training = /^(train(ing)?|steps?|iter(ation)?s?|epochs?)\b/i;
/** Descriptions of other work, some of which name the split: downloads, maps, evaluation, `train: Scanning labels...`. */
const aside = /\b(val(id(ation)?)?|eval(uat\w*)?|test(ing)?|predict\w*|generat\w*|scann\w*|cach\w*)\b/i;

/**
 * A tqdm bar: where training stands, how fast it goes, and the metrics behind it. A bar that is not
 * the training bar (evaluation inside it, downloads, `Map: ...`) says nothing about training.
 */
export const tqdmBar: LineParser = {
  id: "tqdm-bar",
  bars: true,
  open(progress) {
    let last = -1;
    /** Steps of earlier bars of the same kind: a loop over epochs draws one bar each. */
    let base = 0;
    let previous: { description: string; done: number; total: number } | undefined;
    return ({ bar }): Reading | undefined => {
      if (bar === undefined) return undefined;
      const { description, done, total } = bar;
      const named = description !== "";
      const told = named ? pairsOf(description).filter(({ key }) => isMeasureName(key)) : [];
      const behind = pairsOf(bar.postfix);
      // A program that writes a loss into the description or behind the bar runs over batches of training, whatever its
      // name: `distill: 3%|...| 10/400 [..., loss=4.27]`.
      const isOfMeasures = told.length > 0 || behind.some(({ key }) => isMeasureName(key));
      if (aside.test(description) || (named && !isOfMeasures && !training.test(description))) return {};
      if (!named && !progress.draw(done, total)) return {};
      if (previous !== undefined && done < previous.done) {
        const isNext = named && previous.done === previous.total && previous.total === total;
        base = isNext ? base + total : 0;
        last = isNext ? last : -1;
      }
      previous = { description, done, total };
      const step = Math.round(base + done);
      const metrics: Metric[] = [...told, ...behind].map(({ key, value }) => [key, value]);
      if (step <= last) return {};
      last = step;
      if (bar.rate !== undefined && done > 0) metrics.push(["it/s", bar.rate]);
      return metrics.length === 0 ? {} : { step, metrics };
    };
  },
};
