/** ActivityNet's matching of found and true segments (eval_detection.py), video by video, and its average precision. */
import type { FoundSegment, JudgedVideo, Segment, TemporalDetections } from "../../model/temporal-detection.ts";
import type { Weights } from "../metric.ts";

/** numpy.linspace(0.5, 0.95, 10) */
export const temporalThresholds: readonly number[] = Array.from({ length: 10 }, (_, i) =>
  i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9),
);

/** Found segments of one label, highest score first. */
export interface LabelMatches {
  readonly video: Uint32Array;
  /** Bit t: right at threshold t. */
  readonly right: Uint16Array;
  /** True segments, by video. */
  readonly truths: Uint32Array;
}

export function matchLabel({ units }: TemporalDetections, label: string): LabelMatches {
  const truths = new Uint32Array(units.length);
  const entries: { readonly video: number; readonly score: number; readonly right: number }[] = [];
  units.forEach((unit, video) => {
    const matched = matchVideo(unit, label);
    truths[video] = matched.truths;
    for (const entry of matched.entries) entries.push({ ...entry, video });
  });
  const sorted = laterFirst(entries, ({ score }) => score);
  return {
    video: Uint32Array.from(sorted, ({ video }) => video),
    right: Uint16Array.from(sorted, ({ right }) => right),
    truths,
  };
}

/** Highest first, of equal ones the later: numpy's argsort, reversed. */
const laterFirst = <T>(items: readonly T[], of: (item: T) => number): readonly T[] =>
  items.toReversed().toSorted((a, b) => of(b) - of(a));

function matchVideo(
  { truth, found }: JudgedVideo,
  label: string,
): { readonly entries: readonly { readonly score: number; readonly right: number }[]; readonly truths: number } {
  const truths = truth.filter((segment) => segment.label === label);
  const own = found.filter((segment) => segment.label === label);
  const isTaken = temporalThresholds.map(() => new Uint8Array(truths.length));
  const right = new Map<FoundSegment, number>();
  for (const segment of laterFirst(own, ({ score }) => score)) {
    const overlaps = truths.map((each, at) => ({ at, overlap: segmentOverlap(segment, each) }));
    const nearest = laterFirst(overlaps, ({ overlap }) => overlap);
    let bits = 0;
    temporalThresholds.forEach((threshold, bit) => {
      const free = nearest.find(({ at, overlap }) => overlap >= threshold && isTaken[bit]?.[at] === 0);
      if (free === undefined) return;
      isTaken[bit]?.fill(1, free.at, free.at + 1);
      bits |= 1 << bit;
    });
    right.set(segment, bits);
  }
  return {
    entries: own.map((segment) => ({ score: segment.score, right: right.get(segment) ?? 0 })),
    truths: truths.length,
  };
}

function segmentOverlap(a: Segment, b: Segment): number {
  const common = Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
  return common / (b.end - b.start + (a.end - a.start) - common);
}

/** Area under precision, made to fall, over recall: all points, as in VOC 2011. NaN where nothing is to be found. */
export function temporalPrecision(
  { video, right, truths }: LabelMatches,
  bit: number,
  weights: Weights | null,
): number {
  const weightOf = (index: number): number => (weights === null ? 1 : (weights[index] ?? 0));
  const total = truths.reduce((sum, count, index) => sum + count * weightOf(index), 0);
  if (total === 0) return Number.NaN;
  const precision: number[] = [];
  const recall: number[] = [];
  let hits = 0;
  let all = 0;
  video.forEach((index, place) => {
    const weight = weightOf(index);
    if (weight === 0) return;
    all += weight;
    if ((((right[place] ?? 0) >> bit) & 1) === 1) hits += weight;
    precision.push(hits / all);
    recall.push(hits / total);
  });
  let area = 0;
  let best = 0;
  for (let i = precision.length - 1; i >= 0; i -= 1) {
    best = Math.max(best, precision[i] ?? 0);
    area += ((recall[i] ?? 0) - (recall[i - 1] ?? 0)) * best;
  }
  return area;
}
