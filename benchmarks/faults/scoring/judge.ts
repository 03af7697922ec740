/** How well alarms fit the truth: the same measure for llmdbg and for every other detector. */
import type { Truth } from "./corpus.ts";

/** One error or warning of one detector. `rules`: what it may be called in llmdbg's words; several where a check covers several. */
export interface Alarm {
  readonly rules: readonly string[];
  readonly step: number | null;
  readonly layer: string | null;
  /** Ids, the likeliest first. */
  readonly causes: readonly string[];
}

export interface Judged {
  readonly name: string;
  readonly truth: Truth;
  readonly alarms: readonly Alarm[];
  readonly detected: boolean;
  readonly rule: boolean;
  readonly top1: boolean;
  readonly top3: boolean;
  /** Right module; null where the truth has none, the run was not watched or the fault was not detected. */
  readonly layer: boolean | null;
  /** In logged rows of the training loss, from the alarm that fits best in name; null when there is nothing to compare. */
  readonly onsetError: number | null;
  /** Within two logged rows of the metric that shows the fault: of the training loss, or of the evaluations (`tolerance`). */
  readonly onset: boolean;
  /** Alarms that are neither the fault nor a true consequence of it. */
  readonly extra: number;
}

const onsetRows = 2;

export function judge(
  { name, truth, rows, hasLayers }: { name: string; truth: Truth; rows: readonly number[]; hasLayers: boolean },
  alarms: readonly Alarm[],
): Judged {
  const isRight = (alarm: Alarm): boolean => alarm.rules.some((rule) => truth.rules.includes(rule));
  const isAllowed = (alarm: Alarm): boolean => alarm.rules.some((rule) => truth.allowed.includes(rule));
  const main = alarms.find(isRight) ?? alarms[0];
  const detected = alarms.length > 0;
  const causes = main?.causes ?? [];
  const places = truth.layer === null ? [] : [truth.layer].flat();
  const onset = truth.onset?.step;
  const tolerance = truth.onset?.tolerance ?? 0;
  const onsetError =
    main === undefined || main.step === null || onset === undefined || !alarms.some(isRight)
      ? null
      : Math.abs(rowOf(rows, main.step) - rowOf(rows, onset));
  return {
    name,
    truth,
    alarms,
    detected,
    rule: alarms.some(isRight),
    top1: truth.causes.includes(causes[0] ?? ""),
    top3: causes.slice(0, 3).some((cause) => truth.causes.includes(cause)),
    layer:
      places.length === 0 || !hasLayers || !detected
        ? null
        : alarms.some(({ layer }) => layer !== null && places.includes(layer)),
    onsetError,
    onset: onsetError !== null && (onsetError <= onsetRows || Math.abs((main?.step ?? 0) - (onset ?? 0)) <= tolerance),
    extra: truth.healthy ? alarms.length : alarms.filter((alarm) => !isRight(alarm) && !isAllowed(alarm)).length,
  };
}

/** Row of the first logged step at or after `step`. */
function rowOf(rows: readonly number[], step: number): number {
  const row = rows.findIndex((logged) => logged >= step);
  return row < 0 ? rows.length : row;
}

export interface Share {
  readonly hits: number;
  readonly of: number;
}
const share = (hits: number, of: number): Share => ({ hits, of });

/** Wilson's interval of a share at 95 %. */
export function wilson({ hits, of }: Share): readonly [number, number] {
  if (of === 0) return [0, 1];
  const z = 1.959964;
  const p = hits / of;
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

export interface Score {
  readonly faulty: number;
  readonly healthy: number;
  readonly recall: Share;
  readonly rule: Share;
  readonly top1: Share;
  readonly top3: Share;
  readonly layer: Share;
  /** Of the detected faults that have an onset; an alarm that says no step, or names another fault, has missed it. */
  readonly onset: Share;
  readonly falseAlarms: Share;
  /** Alarms on faulty runs that are not the fault's, per faulty run. */
  readonly extraPerFault: number;
}

export function scoreOf(judged: readonly Judged[]): Score {
  const faulty = judged.filter(({ truth }) => !truth.healthy);
  const healthy = judged.filter(({ truth }) => truth.healthy);
  const count = (some: readonly Judged[], test: (one: Judged) => boolean): Share =>
    share(some.filter(test).length, some.length);
  const placed = faulty.filter(({ layer }) => layer !== null);
  const dated = faulty.filter(({ detected, truth }) => detected && truth.onset !== null);
  return {
    faulty: faulty.length,
    healthy: healthy.length,
    recall: count(faulty, ({ detected }) => detected),
    rule: count(faulty, ({ rule }) => rule),
    top1: count(faulty, ({ rule, top1 }) => rule && top1),
    top3: count(faulty, ({ rule, top3 }) => rule && top3),
    layer: count(placed, ({ layer }) => layer === true),
    onset: count(dated, ({ onset }) => onset),
    falseAlarms: count(healthy, ({ alarms }) => alarms.length > 0),
    extraPerFault: faulty.length === 0 ? 0 : faulty.reduce((sum, { extra }) => sum + extra, 0) / faulty.length,
  };
}
