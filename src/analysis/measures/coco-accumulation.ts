/** pycocotools' average precision and recall from matches, for any weights of the images. */
import type { Weights } from "../metric.ts";
import type { CategoryMatches } from "./coco-matching.ts";

/** numpy.linspace(0, 1, 101). */
const recalls = Float64Array.from({ length: 101 }, (_, i) => (i === 100 ? 1 : i * 0.01));

/** numpy.spacing(1), which keeps precision from being 0/0. */
const spacing = 2 ** -52;

const weightOf = (weights: Weights | null, image: number): number => (weights === null ? 1 : (weights[image] ?? 0));

/** True boxes that must be found. */
function wantedOf({ wanted }: CategoryMatches, weights: Weights | null): number {
  let total = 0;
  wanted.forEach((count, image) => {
    total += count * weightOf(weights, image);
  });
  return total;
}

/** Mean precision at 101 recalls. NaN where nothing is to be found. */
export function averagePrecisionAt(matches: CategoryMatches, bit: number, weights: Weights | null): number {
  const total = wantedOf(matches, weights);
  if (total === 0) return Number.NaN;
  return precisionOfEntries(matches, { bit, weights, total, places: matches.image.keys() });
}

interface Walk {
  readonly bit: number;
  readonly weights: Weights | null;
  readonly total: number;
  /** The entries that are looked at, in their order. */
  readonly places: Iterable<number>;
}

function precisionOfEntries(
  { image, matched, ignored }: CategoryMatches,
  { bit, weights, total, places }: Walk,
): number {
  const precision: number[] = [];
  const recall: number[] = [];
  let hits = 0;
  let falseAlarms = 0;
  for (const place of places) {
    const weight = weightOf(weights, image[place] ?? 0);
    if (weight === 0 || (((ignored[place] ?? 0) >> bit) & 1) === 1) continue;
    if ((((matched[place] ?? 0) >> bit) & 1) === 1) hits += weight;
    else falseAlarms += weight;
    precision.push(hits / (falseAlarms + hits + spacing));
    recall.push(hits / total);
  }
  for (let i = precision.length - 1; i > 0; i -= 1)
    precision[i - 1] = Math.max(precision[i - 1] ?? 0, precision[i] ?? 0);
  let sum = 0;
  let at = 0;
  for (const wanted of recalls) {
    while (at < recall.length && (recall[at] ?? 0) < wanted) at += 1;
    sum += precision[at] ?? 0;
  }
  return sum / recalls.length;
}

/** Share of what must be found that is, when `most` boxes of an image are looked at. */
export function recallAt(
  matches: CategoryMatches,
  bit: number,
  { most, weights }: { readonly most: number; readonly weights: Weights | null },
): number {
  const total = wantedOf(matches, weights);
  let hits = 0;
  matches.image.forEach((image, place) => {
    if ((matches.rank[place] ?? 0) >= most) return;
    const isHit = (((matches.matched[place] ?? 0) & ~(matches.ignored[place] ?? 0)) >> bit) & 1;
    hits += isHit * weightOf(weights, image);
  });
  return total === 0 ? Number.NaN : hits / total;
}

/** Of each image alone, with the same matches: NaN where nothing is to be found in it. */
export function averagePrecisionOfImages(
  categories: readonly CategoryMatches[],
  bits: readonly number[],
  images: number,
): Float64Array {
  const sums = new Float64Array(images);
  const counts = new Float64Array(images);
  for (const matches of categories) {
    const places = Array.from({ length: images }, (): number[] => []);
    matches.image.forEach((image, place) => places[image]?.push(place));
    places.forEach((own, image) => {
      const total = matches.wanted[image] ?? 0;
      if (total === 0) return;
      for (const bit of bits)
        sums[image] = (sums[image] ?? 0) + precisionOfEntries(matches, { bit, weights: null, total, places: own });
      counts[image] = (counts[image] ?? 0) + bits.length;
    });
  }
  return sums.map((sum, image) => sum / (counts[image] ?? 0));
}
