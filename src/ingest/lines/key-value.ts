import type { LineParser, Metric, Reading } from "./line-parser.ts";
import type { Progress } from "./progress.ts";
import { companion, isBareName, isMeasureName, isRate, metricWord } from "./measure-words.ts";
import { barePairsOf, pairsOf, sentencePairOf } from "./pairs.ts";
import type { Pair } from "./pairs.ts";
import { headingOf, isEpochKey, isStepKey, placeIn } from "./place.ts";
import type { Place } from "./place.ts";
import { isPartOfEvaluation, sectionHeading, sectionsOf } from "./sections.ts";
import { opensWithSplit, splitOfName } from "./split-words.ts";

/** Keys that are no metrics: what says where the line stands, and clocks. */
const notMetric =
  /^(eta|elapsed|remaining|date|at|port|pid|line|seed|version|v_num|rank|id|total(_steps)?|max_steps|seq|job ?id|sen\.?)$/i;
/** Beyond this a line without `=` and `:` is prose or a dump. */
const longestBare = 1_024;
/** A speed by its unit, whatever word stands before it. */
const unitOfSpeed =
  /^ ?((?:[a-z]{2,12} )?[a-z]{2,12}\/s(?:ec(?:ond)?)?|(?:s|ms|sec)\/(?:it|iter|step|batch))(?![a-z/])/i;
const speedWord = /^(speed|throughput|time|latency|ips)$/i;

/**
 * Lines of `key=value`, `key: value` or `key value`, from hand-written loops. Such a line is a metric line only
 * with a step in it or a word that is a metric's, and when it consists mainly of pairs: prose with a
 * colon in it is a record.
 */
export const keyValue: LineParser = {
  id: "key-value",
  open: (progress) => {
    /** Batches of one epoch, learned from `[100/600]`, so that a step within an epoch can be made one of the run. */
    let perEpoch: number | undefined;
    let countsFromZero = false;
    let before = "";
    const around = contextOfLines(progress);
    const roleOf = rolesOfKeys();
    return ({ body, bar }): Reading | undefined => {
      if (bar !== undefined || body.trim() === "") return undefined;
      const pairs = pairsIn(body, roleOf);
      const metrics = pairs.filter(({ role }) => role.isMetric);
      const { step, epoch } = metrics.length === 0 ? {} : placeOf(body, pairs);
      const placed = step !== undefined || epoch !== undefined;
      const isUnder = placed || progress.heading !== undefined;
      const isNamed = metrics.some(({ role }) => role.isNamed || (isUnder && role.isCompanion));
      const share = covered(body, pairs);
      const { lastStep } = progress;
      if (!isNamed && share > 0.9 && lastStep !== undefined && metrics.some(({ role }) => isRate(role.name))) {
        const told = metrics.map(({ pair, role }): Metric => [role.name, pair.value]);
        return { metrics: told, step: lastStep, isEvaluation: true };
      }
      if (!isNamed || share < leastShare(body, step !== undefined, epoch !== undefined)) {
        around.pass(body);
        return undefined;
      }
      // The best row again, when boosting stops early.
      if (placed && body === before) return {};
      before = body;
      if (epoch === 0) countsFromZero = true;
      // "Epoch: 3 | Time: 0m 26s" says of no metric where it stands.
      if (epoch !== undefined && step === undefined && !metrics.some(({ role }) => role.isNamed)) around.open(epoch);
      const above = around.above(placed);
      const sections = sectionsOf(
        body,
        metrics.map(({ pair, role }) => ({
          from: pair.from,
          name: role.name,
          split: role.split,
          isMeasure: role.isNamed,
        })),
        above,
      );
      if (isPartOfEvaluation(body)) {
        around.evaluates();
        return {};
      }
      const values: Metric[] = [];
      for (const { pair, role } of metrics) {
        const name = sections.prefixAt(pair.from, role.name) + role.name;
        // Of one name twice the first is meant: running averages and parts come behind it.
        if (!values.some(([known]) => known === name)) values.push([name, pair.value]);
      }
      const aside = sections.isEvaluation ? { isEvaluation: true } : {};
      if (epoch !== undefined) values.push(["epoch", epoch]);
      else if (step !== undefined) values.push(...sharesOfEpochs(pairs));
      if (!placed) {
        const heading = progress.bar === undefined ? around.headingFor(values.map(([name]) => name)) : undefined;
        return { metrics: values, ...(heading === undefined ? {} : { step: heading }), ...aside };
      }
      if (
        step === undefined &&
        epoch !== undefined &&
        perEpoch !== undefined &&
        !sections.isEvaluation &&
        !metrics.some(isHeldOut)
      ) {
        // Means over an epoch where lines of its batches stand: at its end, beside their curve and not in it.
        const end = Math.max(1, epoch + (countsFromZero ? 1 : 0)) * perEpoch;
        const means = values.map(([name, value]): Metric => [name === "epoch" ? name : `epoch/${name}`, value]);
        return { metrics: means, step: end, isEvaluation: true };
      }
      if (step === undefined) return { metrics: values, step: epoch ?? 0, ...aside };
      // A step that counts batches within the epoch: its total is an epoch's, and it starts over in each.
      if (epoch !== undefined && step.total !== undefined && step.inEpoch) {
        perEpoch = step.total;
        const passed = Math.max(0, epoch - (countsFromZero ? 0 : 1));
        return { metrics: values, step: passed * perEpoch + step.value, ...aside };
      }
      return { metrics: values, step: step.value, ...aside };
    };
  },
};

/** What lines above say of a line that does not say it itself: the part of the data, and the epoch. */
function contextOfLines(progress: Progress): {
  pass(body: string): void;
  open(heading: number): void;
  above(placed: boolean): string | undefined;
  evaluates(): void;
  headingFor(names: readonly string[]): number | undefined;
} {
  let section: string | undefined;
  /** Under which names are told. */
  let opened: number | undefined;
  /** Names told since the heading: one that comes again is of batches, and the heading is no place for it. */
  let told = new Set<string>();
  const ofBatches = new Set<string>();
  return {
    pass(body) {
      const text = body.trim();
      // Rules, and a step on a line of its own, stand between a heading and what it is of.
      if (text === "" || /^[-=*#_+~\s]+$/.test(text) || /^(global_)?step\s*[=:]\s*\d+$/.test(text)) return;
      section = sectionHeading(text);
      const found = headingOf(text);
      if (found !== undefined) progress.heading = found;
    },
    open(heading) {
      progress.heading = heading;
    },
    above(placed) {
      if (placed) section = undefined;
      return section;
    },
    evaluates() {
      section = "val";
    },
    headingFor(names) {
      const { heading } = progress;
      if (heading !== opened) told = new Set();
      opened = heading;
      if (heading === undefined) return undefined;
      for (const name of names) {
        if (told.has(name)) ofBatches.add(name);
        told.add(name);
      }
      return names.some((name) => ofBatches.has(name)) ? undefined : heading;
    },
  };
}

/** What a key says about its number. */
interface KeyRole {
  readonly isMetric: boolean;
  readonly isNamed: boolean;
  readonly isCompanion: boolean;
  /** The line is a sentence about this number. */
  readonly isWhole?: boolean;
  /** The metric's name. */
  readonly name: string;
  readonly split: "train" | "held-out" | undefined;
}

interface RoledPair {
  readonly pair: Pair;
  readonly role: KeyRole;
}

const shareWord = /acc(uracy)?$|correct$/i;
/** `Accuracy: 9831/10000 (98%)` counts what was right: the share is meant, as it is printed. */
function shareOf(pair: Pair, body: string): Pair {
  const shown = /^ {0,3}\(\s*(\d+(?:\.\d+)?) ?%\)/.exec(body.slice(pair.to, pair.to + 20));
  const share = shown === null ? pair.value / (pair.total ?? 1) : Number(shown[1]);
  return { key: pair.key, value: share, from: pair.from, to: pair.to + (shown?.[0].length ?? 0) };
}

/** "Train: 3 [ 50/1251 ...": the number is an epoch's. */
const splitWord = /^(train|test|val|valid|eval)$/i;

function pairsIn(body: string, roleOf: (key: string) => KeyRole): RoledPair[] {
  const found = pairsOf(body).map((counted): Pair => {
    const pair = counted.total === undefined || !shareWord.test(counted.key) ? counted : shareOf(counted, body);
    const unit = speedWord.test(pair.key) ? unitOfSpeed.exec(body.slice(pair.to, pair.to + 40))?.[1] : undefined;
    return unit === undefined ? pair : { ...pair, key: unit };
  });
  const spoken = found.length === 1 && body.length <= 160 ? sentencePairOf(body, isMeasureName) : undefined;
  if (spoken !== undefined && !isMeasureName(found[0]?.key ?? ""))
    return [{ pair: { ...spoken, to: body.length }, role: { ...roleOf(spoken.key), isWhole: true } }];
  const isShort = body.length <= longestBare && metricWord.test(body);
  const bare = isShort ? barePairsOf(body, found, isBareName) : [];
  const all = bare.length === 0 ? found : [...found, ...bare].sort((a, b) => a.from - b.from);
  return all
    .filter(({ key, to }) => !splitWord.test(key) || !/^\s*[[(]/.test(body.slice(to, to + 4)))
    .map((pair) => ({ pair, role: roleOf(pair.key) }));
}

const isHeldOut = ({ role }: RoledPair): boolean => role.split === "held-out";

const placeOf = (body: string, pairs: readonly RoledPair[]): Place =>
  placeIn(
    body,
    pairs.map(({ pair }) => pair),
  );

/** A log has few keys, again and again; one that has more is prose. */
const maxKeys = 1_024;

function rolesOfKeys(): (key: string) => KeyRole {
  const roles = new Map<string, KeyRole>();
  return (key) => {
    const known = roles.get(key);
    if (known !== undefined) return known;
    const role: KeyRole = {
      isMetric: !isStepKey(key) && !isEpochKey(key) && !notMetric.test(key),
      isNamed: isMeasureName(key),
      isCompanion: companion.test(key),
      name: cleanKey(key),
      split: splitOfName(key),
    };
    if (roles.size >= maxKeys) roles.clear();
    roles.set(key, role);
    return role;
  };
}

/** `epoch: 1.25` counts what was seen: a metric beside the step, and no place in the run. */
const sharesOfEpochs = (pairs: readonly RoledPair[]): Metric[] =>
  pairs.filter(({ pair }) => isEpochKey(pair.key)).map(({ pair }) => ["epoch", pair.value]);

/** What says where a line stands is no prose and no pair. */
function leastShare(body: string, hasStep: boolean, hasEpoch: boolean): number {
  if (hasStep && hasEpoch) return 0.2;
  return hasStep || hasEpoch || opensWithSplit(body) ? 0.3 : 0.5;
}

/** Share of the line that is pairs, spaces and punctuation aside. */
function covered(body: string, pairs: readonly RoledPair[]): number {
  if (pairs.some(({ role }) => role.isWhole === true)) return 1;
  let inside = 0;
  for (const { pair } of pairs) inside += letters(body, pair.from, behind(body, pair.to));
  const all = letters(body, 0, body.length);
  return all === 0 ? 0 : inside / all;
}

/** Behind a running average in brackets: `1.2 (1.3)`. */
function behind(body: string, to: number): number {
  const open = body[to] === "(" ? to : body[to] === " " && body[to + 1] === "(" ? to + 1 : -1;
  const end = open < 0 ? -1 : body.indexOf(")", open);
  return end < 0 || end - open > 30 ? to : end + 1;
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
const cleanKey = (key: string): string =>
  key.replace(/^(?:step|iter|epoch)\s+(?!time)(?=\S)/i, "").replace(/^[-|>\s]+/, "");
