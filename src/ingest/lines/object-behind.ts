import { isObject, readLiteral } from "../literal.ts";
import { numberOf } from "../number-text.ts";
import { findStepKey, flatRow, stepOf } from "../step-key.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { isMeasureName } from "./measure-words.ts";
import { pairsOf } from "./pairs.ts";
import { placeIn } from "./place.ts";
import { lastSplitIn, splitOfName } from "./split-words.ts";

/** Settings and summaries are printed the same way. */
const notMetrics = /config|args|param|setting|hyper|summary|namespace|kwargs|option|model|finished|best/i;
const longestHead = 160;

/**
 * A dictionary or a JSON object behind words: `step 100: {'loss': 2.3, 'lr': 0.0003}`, `[METRICS] {"step": 100, ...}`.
 * The words say where it stands and of which data it is, where the object does not.
 */
export const objectBehind: LineParser = {
  id: "object-behind",
  open:
    () =>
    ({ body, bar }): Reading | undefined => {
      const from = bar === undefined ? body.indexOf("{") : -1;
      if (from <= 0 || from > longestHead || !body.endsWith("}")) return undefined;
      const head = body.slice(0, from);
      if (notMetrics.test(head)) return undefined;
      const value = readLiteral(body, from)?.value;
      if (!isObject(value)) return undefined;
      const row = flatRow(value);
      const split = lastSplitIn(head);
      const prefix = split?.isHeldOut === true ? `${split.word}/` : "";
      const key = findStepKey((name) => row.has(name));
      const metrics: Metric[] = [];
      for (const [name, entry] of row) {
        if (name === key && name !== "epoch") continue;
        const number = typeof entry === "number" ? entry : typeof entry === "string" ? numberOf(entry) : undefined;
        if (number !== undefined) metrics.push([splitOfName(name) === undefined ? prefix + name : name, number]);
      }
      const measures = metrics.filter(([name]) => isMeasureName(name));
      if (measures.length === 0) return undefined;
      const inside = key === undefined ? undefined : stepOf(row.get(key))?.step;
      const { step, epoch } = placeIn(head, pairsOf(head));
      const at = (key === "epoch" ? undefined : inside) ?? step?.value ?? epoch ?? inside;
      const isEvaluation = measures.every(([name]) => splitOfName(name) === "held-out");
      return {
        metrics,
        ...(at === undefined || !Number.isInteger(at) ? {} : { step: at }),
        ...(isEvaluation ? { isEvaluation } : {}),
      };
    },
};
