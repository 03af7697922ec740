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
    const roleOf = rolesOfKeys();
    return ({ body, bar }): Reading | undefined => {
      if (bar !== undefined || body.length < 6) return undefined;
      const pairs = pairsOf(body).map((pair): RoledPair => ({ pair, role: roleOf(pair.key) }));
      const metrics = pairs.filter(({ role }) => role.isMetric);
      if (metrics.length === 0) return undefined;
      const step = stepIn(body, pairs);
      const epoch = epochIn(body, pairs);
      const placed = step !== undefined || epoch !== undefined;
      const isNamed = metrics.some(({ role }) => role.isNamed || (placed && role.isCompanion));
      if (!isNamed || covered(body, pairs) < (placed ? 0.3 : 0.5)) return undefined;
      const { prefixAt, isEvaluation } = sectionsIn(body);
      const values: Metric[] = metrics.map(({ pair, role }) => [prefixAt(pair.from) + role.name, pair.value]);
      const aside = isEvaluation ? { isEvaluation } : {};
      if (epoch !== undefined) values.push(["epoch", epoch.value]);
      else if (step !== undefined) values.push(...sharesOfEpochs(pairs));
      if (step === undefined && epoch === undefined) return { metrics: values, ...aside };
      if (step === undefined) return { metrics: values, step: epoch?.value ?? 0, ...aside };
      // A step that counts batches within the epoch: its total is an epoch's, and it starts over in each.
      if (epoch !== undefined && step.total !== undefined && step.inEpoch) {
        perEpoch = step.total;
        const before = Math.max(0, epoch.value - (epoch.fromOne ? 1 : 0));
        return { metrics: values, step: before * perEpoch + step.value, ...aside };
      }
      return { metrics: values, step: step.value, ...aside };
    };
  },
};

/** What a key says about its number. */
interface KeyRole {
  readonly isStep: boolean;
  readonly isEpoch: boolean;
  readonly isMetric: boolean;
  readonly isNamed: boolean;
  readonly isCompanion: boolean;
  /** The metric's name. */
  readonly name: string;
}

interface RoledPair {
  readonly pair: Pair;
  readonly role: KeyRole;
}

/** A log has few keys, again and again; one that has more is prose. */
const maxKeys = 1_024;

function rolesOfKeys(): (key: string) => KeyRole {
  const roles = new Map<string, KeyRole>();
  return (key) => {
    const known = roles.get(key);
    if (known !== undefined) return known;
    const isStep = stepKey.test(key);
    const isEpoch = epochKey.test(key);
    const role: KeyRole = {
      isStep,
      isEpoch,
      isMetric: !isStep && !isEpoch && !notMetric.test(key),
      isNamed: metricWord.test(key),
      isCompanion: companion.test(key),
      name: cleanKey(key),
    };
    if (roles.size >= maxKeys) roles.clear();
    roles.set(key, role);
    return role;
  };
}

function stepIn(
  body: string,
  pairs: readonly RoledPair[],
): { value: number; total?: number; inEpoch: boolean } | undefined {
  const pair = pairs.find(({ role }) => role.isStep)?.pair;
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

function epochIn(body: string, pairs: readonly RoledPair[]): { value: number; fromOne: boolean } | undefined {
  const value = pairs.find(({ role }) => role.isEpoch)?.pair.value ?? Number(epochWord.exec(body)?.[1]);
  if (!Number.isInteger(value)) return undefined;
  // "Epoch 1/10" counts from one; "Epoch 0/9" shows itself by its first line.
  return { value, fromOne: value > 0 };
}

/** `epoch: 1.25` counts what was seen: a metric beside the step, and no place in the run. */
const sharesOfEpochs = (pairs: readonly RoledPair[]): Metric[] =>
  pairs.filter(({ role }) => role.isEpoch).map(({ pair }) => ["epoch", pair.value]);

const sectionMark = /\[(train|training|val|valid|validation|eval|dev|test)\](?=\s+[A-Za-z_])/gi;

/** `[train] loss=1.2 [valid] loss=1.4`: held-out numbers carry the name of their section, those of training their own. */
function sectionsIn(body: string): { prefixAt: (at: number) => string; isEvaluation: boolean } {
  const marks = body.includes("[") ? [...body.matchAll(sectionMark)] : [];
  const isHeldOut = (mark: RegExpMatchArray | undefined): boolean => mark !== undefined && !/^\[train/i.test(mark[0]);
  return {
    prefixAt: (at) => {
      const mark = marks.findLast(({ index }) => index < at);
      return isHeldOut(mark) ? `${mark?.[1] ?? ""}/` : "";
    },
    isEvaluation: marks.length > 0 && marks.every(isHeldOut),
  };
}

/** Share of the line that is pairs, spaces and punctuation aside. */
function covered(body: string, pairs: readonly RoledPair[]): number {
  let inside = 0;
  for (const { pair } of pairs) inside += letters(body, pair.from, pair.to);
  const all = letters(body, 0, body.length);
  return all === 0 ? 0 : inside / all;
}

/** Letters and digits of ASCII. */
function letters(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    // Bit 5 makes a letter a small one.
    const small = code | 32;
    if ((code >= 48 && code <= 57) || (code < 128 && small >= 97 && small <= 122)) count += 1;
  }
  return count;
}

/** A name without the words in front of it that only say where the line stands. */
const cleanKey = (key: string): string => key.replace(/^(?:step|iter|epoch)\s+(?=\S)/i, "").replace(/^[-|>\s]+/, "");
