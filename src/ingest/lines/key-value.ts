import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { pairsOf } from "./pairs.ts";
import type { Pair } from "./pairs.ts";

const stepKey =
  /^(?:(?:train|training|trainer|current|cur|total)[ _./])?(global[ _]?step|step|steps|iter|iters|iteration|iterations|it|num_updates|update)$/i;
const epochKey = /^(?:train[ _])?epochs?$/i;
// Words that stand in front of a number without `=` or `:`: "step 10", "iter 10/100", "Epoch [1/10]".
const stepWord =
  /(?:^|[\s[(|,>-])(?:global[ _]?step|step|iter(?:ation)?|update|batch)s?[\s#]*[[(]?\s*(\d[\d,]*)(?:\s*\/\s*(\d[\d,]*))?/i;
const epochWord = /(?:^|[\s[(|,])epoch[\s#]*[:=]?\s*[[(]?\s*(\d+)(?:\s*\/\s*(\d+))?/i;
/** Words that make a name a metric of training. */
const metricWord =
  /loss|\bacc(uracy)?\d*\b|\bacc@|_acc\b|acc_|grad|\bgnorm\b|reward|perplexity|\bppl\b|\bbpb\b|bleu|rouge|\bf1\b|\bauc\b|\bmap\d*\b|\bmiou\b|\bentropy\b|\bkl\b|\bwer\b|\bcer\b|\bmae\b|\brmse\b|\bmse\b|precision|recall/i;
/** Names that count only beside a metric or a step: settings are printed the same way. */
const companion = /^(lr|learning[ _]?rate|lrm|mfu|tps|tok\/s|tokens?\/s(ec)?|time|dt|mem(ory)?|epoch)$/i;
/** Keys that are no metrics: what says where the line stands, and clocks. */
const notMetric =
  /^(eta|elapsed|remaining|date|at|port|pid|line|seed|version|v_num|rank|id|total(_steps)?|max_steps|seq|job ?id)$/i;

/**
 * Lines of `key=value` or `key: value`, from hand-written loops. Such a line is a metric line only
 * with a step in it or a word that is a metric's, and when it consists mainly of pairs: prose with a
 * colon in it is a record.
 */
export const keyValue: LineParser = {
  id: "key-value",
  open: () => {
    /** Batches of one epoch, learned from `[100/600]`, so that a step within an epoch can be made one of the run. */
    let perEpoch: number | undefined;
    return ({ body, bar }): Reading | undefined => {
      if (bar !== undefined || body.length < 6) return undefined;
      const pairs = pairsOf(body);
      if (pairs.length === 0) return undefined;
      const metrics = pairs.filter(
        (pair) => !stepKey.test(pair.key) && !notMetric.test(pair.key) && !epochKey.test(pair.key),
      );
      const named = metrics.filter((pair) => metricWord.test(pair.key));
      const step = stepIn(body, pairs);
      const epoch = epochIn(body, pairs);
      const placed = step !== undefined || epoch !== undefined;
      if (metrics.length === 0 || (named.length === 0 && !(placed && isMetricLine(metrics)))) return undefined;
      if (covered(body, pairs) < (placed ? 0.3 : 0.5)) return undefined;
      const values: Metric[] = metrics.map(({ key, value }) => [cleanKey(key), value]);
      if (epoch !== undefined) values.push(["epoch", epoch.value]);
      if (step === undefined && epoch === undefined) return { metrics: values };
      if (step === undefined) return { metrics: values, step: epoch?.value ?? 0 };
      // A step that counts batches within the epoch: its total is an epoch's, and it starts over in each.
      if (epoch !== undefined && step.total !== undefined && step.inEpoch) {
        perEpoch = step.total;
        const before = Math.max(0, epoch.value - (epoch.fromOne ? 1 : 0));
        return { metrics: values, step: before * perEpoch + step.value };
      }
      return { metrics: values, step: step.value };
    };
  },
};

const isMetricLine = (pairs: readonly Pair[]): boolean => pairs.some((pair) => companion.test(pair.key));

function stepIn(body: string, pairs: readonly Pair[]): { value: number; total?: number; inEpoch: boolean } | undefined {
  const pair = pairs.find(({ key }) => stepKey.test(key));
  if (pair !== undefined && Number.isInteger(pair.value)) {
    const inEpoch = pair.total !== undefined && !/global|total/i.test(pair.key);
    return { value: pair.value, inEpoch, ...(pair.total === undefined ? {} : { total: pair.total }) };
  }
  const match = stepWord.exec(body);
  if (match === null) return undefined;
  const value = Number((match[1] ?? "").replaceAll(",", ""));
  const total = match[2] === undefined ? undefined : Number(match[2].replaceAll(",", ""));
  return {
    value,
    inEpoch: total !== undefined && !/global/i.test(match[0]),
    ...(total === undefined ? {} : { total }),
  };
}

function epochIn(body: string, pairs: readonly Pair[]): { value: number; fromOne: boolean } | undefined {
  const match = epochWord.exec(body);
  const pair = pairs.find(({ key }) => epochKey.test(key));
  const value = pair?.value ?? (match === null ? undefined : Number(match[1]));
  if (value === undefined || !Number.isInteger(value)) return undefined;
  // "Epoch 1/10" counts from one; "Epoch 0/9" shows itself by its first line.
  return { value, fromOne: value > 0 };
}

/** Share of the line that is pairs, spaces and punctuation aside. */
function covered(body: string, pairs: readonly Pair[]): number {
  let inside = 0;
  for (const { from, to } of pairs) inside += letters(body.slice(from, to));
  const all = letters(body);
  return all === 0 ? 0 : inside / all;
}

const letters = (text: string): number => text.replaceAll(/[\s\W_]/g, "").length;

/** A name without the words in front of it that only say where the line stands. */
const cleanKey = (key: string): string => key.replace(/^(?:step|iter|epoch)\s+(?=\S)/i, "").replace(/^[-|>\s]+/, "");
