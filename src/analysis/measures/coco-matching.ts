/** pycocotools' matching of found and true boxes, image by image, which no resample changes. */
import type { Detections, FoundBox, TrueBox } from "../../model/detection.ts";
import { boxOverlap } from "./box-overlap.ts";

/** numpy.linspace(0.5, 0.95, 10): the differences from 0.05 steps decide about overlaps at a threshold. */
export const overlapThresholds: readonly number[] = Array.from({ length: 10 }, (_, i) =>
  i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9),
);

/** In square pixels, ends included. */
export const areas = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const;
export type Area = keyof typeof areas;

/** At most so many boxes of an image and category are looked at. */
const mostBoxes = 100;

/** Found boxes of one category from the highest score down, in all images, for one range of areas. */
export interface CategoryMatches {
  readonly image: Uint32Array;
  /** Place among the boxes of its image, from 0. */
  readonly rank: Uint8Array;
  /** Bit t: matched, and left out, at threshold t. */
  readonly matched: Uint16Array;
  readonly ignored: Uint16Array;
  /** True boxes that must be found, by image. */
  readonly wanted: Uint32Array;
}

interface Entry {
  readonly image: number;
  readonly rank: number;
  readonly score: number;
  readonly matched: number;
  readonly ignored: number;
}

/** The boxes of one category in one image. */
interface OwnBoxes {
  readonly image: number;
  readonly truth: TrueBox[];
  readonly found: FoundBox[];
}

/** Images without a box of the category are left out: of eighty categories an image has a few. */
export function boxesByCategory({ units, categories }: Detections): ReadonlyMap<string, readonly OwnBoxes[]> {
  const all = new Map<string, OwnBoxes[]>(categories.map((category) => [category, []]));
  const own = (category: string, image: number): OwnBoxes | undefined => {
    const list = all.get(category);
    if (list !== undefined && list.at(-1)?.image !== image) list.push({ image, truth: [], found: [] });
    return list?.at(-1);
  };
  units.forEach(({ truth, found }, image) => {
    for (const box of truth) own(box.category, image)?.truth.push(box);
    for (const box of found) own(box.category, image)?.found.push(box);
  });
  return all;
}

export function matchCategory(boxes: readonly OwnBoxes[], images: number, area: Area): CategoryMatches {
  const wanted = new Uint32Array(images);
  const entries: Entry[] = [];
  for (const own of boxes) {
    const { image } = own;
    const matched = matchImage(own, areas[area]);
    wanted[image] = matched.needed;
    for (const [rank, box] of matched.boxes.entries()) entries.push({ ...box, image, rank });
  }
  // Stable: of equal scores the earlier image, and in it the earlier box, is first.
  entries.sort((a, b) => b.score - a.score);
  return {
    image: Uint32Array.from(entries, ({ image }) => image),
    rank: Uint8Array.from(entries, ({ rank }) => rank),
    matched: Uint16Array.from(entries, ({ matched }) => matched),
    ignored: Uint16Array.from(entries, ({ ignored }) => ignored),
    wanted,
  };
}

type Range = readonly [least: number, most: number];

const isOutside = (area: number, [least, most]: Range): boolean => area < least || area > most;

function matchImage(own: OwnBoxes, range: Range): { boxes: readonly Omit<Entry, "image" | "rank">[]; needed: number } {
  const mustFind = own.truth.filter(({ isCrowd, area }) => !isCrowd && !isOutside(area, range));
  const mayFind = own.truth.filter(({ isCrowd, area }) => isCrowd || isOutside(area, range));
  const truths = [...mustFind, ...mayFind];
  const found = own.found.toSorted((a, b) => b.score - a.score).slice(0, mostBoxes);
  const overlaps = found.map(({ box }) => truths.map((truth) => boxOverlap(box, truth.box, truth.isCrowd)));
  const boxes = found.map(({ score }) => ({ score, matched: 0, ignored: 0 }));
  overlapThresholds.forEach((threshold, bit) => {
    const isTaken = new Uint8Array(truths.length);
    found.forEach((each, index) => {
      const best = bestTruth({ truths, overlaps: overlaps[index] ?? [], isTaken, needed: mustFind.length }, threshold);
      const box = boxes[index];
      if (box === undefined) return;
      if (best !== -1) {
        isTaken[best] = 1;
        box.matched |= 1 << bit;
      }
      const isIgnored = best === -1 ? isOutside(areaOf(each), range) : best >= mustFind.length;
      if (isIgnored) box.ignored |= 1 << bit;
    });
  });
  return { boxes, needed: mustFind.length };
}

const areaOf = ({ box }: FoundBox): number => box[2] * box[3];

interface Candidates {
  readonly truths: readonly TrueBox[];
  readonly overlaps: readonly number[];
  readonly isTaken: Uint8Array;
  /** So many of the first must be found; the others are left out. */
  readonly needed: number;
}

/** The free true box with the greatest overlap, of equal ones the last; -1 where none reaches the threshold. */
function bestTruth({ truths, overlaps, isTaken, needed }: Candidates, threshold: number): number {
  let least = Math.min(threshold, 1 - 1e-10);
  let best = -1;
  for (const [index, truth] of truths.entries()) {
    if (isTaken[index] === 1 && !truth.isCrowd) continue;
    if (best !== -1 && best < needed && index >= needed) break;
    const overlap = overlaps[index] ?? 0;
    if (overlap < least) continue;
    least = overlap;
    best = index;
  }
  return best;
}
