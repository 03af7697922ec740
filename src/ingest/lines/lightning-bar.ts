import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { pairsOf } from "./pairs.ts";
import type { Pair } from "./pairs.ts";

// lightning/pytorch/callbacks/progress/tqdm_progress.py and rich_progress.py:
// `Epoch 0:  50%|█████     | 50/100 [00:01<00:01, 40.00it/s, v_num=0, train_loss=1.230]`
// `Epoch 2/2  ━━━━━━━━━━━━━━━━ 25/25 0:00:00 • 0:00:00 215.38it/s v_num: 0.000 train_loss: 0.120`
const epochName = /^Epoch (\d+)$/;
const aside = /^(Validation|Sanity Checking|Testing|Predicting)\b/;
const rich = /^Epoch (\d+)\/\d+ +[━╸╺ ]+(\d+)\/(\d+) [\d:-]+ • [\d:-]+ ([\d.]+)it\/s ?(.*)$/;
/** Narrow terminals wrap the metrics behind rich's bar. */
const richRest = /^ {10,}(\w[\w/. ]*): ([-+\d.e]+|nan|inf) *$/;
/** Known only at an epoch's end and then shown until the next one's: told when they change. */
const held = /(^|[_/])(val|valid|validation|test)([_/]|$)|_epoch$/;

export const lightningBar: LineParser = {
  id: "lightning-bar",
  bars: true,
  open: () => {
    let last = -1;
    /** A first bar without names, left to the parser of other bars. */
    let passed = -1;
    const shown = new Map<string, number>();
    let richStep: number | undefined;
    const fresh = (pairs: readonly Pick<Pair, "key" | "value">[], isNew: boolean): Metric[] => {
      const metrics: Metric[] = [];
      for (const { key, value } of pairs) {
        if (key === "v_num") continue;
        const isChanged = !Object.is(shown.get(key), value);
        if (held.test(key) ? isChanged : isNew) metrics.push([key, value]);
        shown.set(key, value);
      }
      return metrics;
    };
    const at = (step: number, rate: number | undefined, pairs: readonly Pick<Pair, "key" | "value">[]): Reading => {
      if (step < last) shown.clear();
      const isNew = step !== last;
      last = step;
      const metrics = fresh(pairs, isNew);
      if (isNew && rate !== undefined) metrics.push(["it/s", rate]);
      return metrics.length === 0 ? {} : { step, metrics, dialect: "lightning" };
    };
    return ({ text, bar }): Reading | undefined => {
      if (bar !== undefined) {
        if (aside.test(bar.description)) return {};
        const epoch = epochName.exec(bar.description)?.[1];
        if (epoch === undefined) return undefined;
        const step = Number(epoch) * bar.total + bar.done;
        // Other loops name their bar so too; Lightning's is known once it shows its v_num.
        if (!bar.postfix.includes("v_num=") && last < 0) {
          passed = step;
          return undefined;
        }
        return bar.done === 0 ? {} : at(step, step === passed ? undefined : bar.rate, pairsOf(bar.postfix));
      }
      const drawn = rich.exec(text);
      if (drawn !== null) {
        richStep = Number(drawn[1]) * Number(drawn[3]) + Number(drawn[2]);
        return at(richStep, numberOf(drawn[4] ?? ""), pairsOf(drawn[5] ?? ""));
      }
      const wrapped = richStep === undefined ? null : richRest.exec(text);
      const value = wrapped === null ? undefined : numberOf(wrapped[2] ?? "");
      if (richStep === undefined || wrapped === null || value === undefined) {
        richStep = undefined;
        return undefined;
      }
      return { step: richStep, metrics: [[(wrapped[1] ?? "").trim(), value]] };
    };
  },
};
