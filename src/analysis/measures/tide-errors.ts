/** TIDE's sorting of errors of detection (Bolya et al. 2020), image by image, which no resample changes. */
import type { Detections, FoundBox, JudgedImage, TrueBox } from "../../model/detection.ts";
import { boxOverlap } from "./box-overlap.ts";

/** Wrong class, badly placed, both, found twice, nothing there, not found. */
export type TideError = "cls" | "loc" | "both" | "dupe" | "bkg" | "miss";

/** TIDE's: from here on a box is found; below `background` there is nothing of it. */
const foreground = 0.5;
const background = 0.1;
/** TIDE's, of all categories together. */
const mostBoxes = 100;

export interface TidePoint {
  readonly image: number;
  readonly category: string;
  readonly score: number;
  /** Left out: it lies in a crowd. It may still be an error, which counts once it is mended. */
  readonly state: "right" | "wrong" | "ignored";
  readonly error: TideError | null;
  /** The category under which it is right once its error is mended; null where mending takes it away. */
  readonly mended: string | null;
}

export interface TideImage {
  readonly points: readonly TidePoint[];
  /** Categories of the true boxes: of all, of those not found, and of those that no found box comes near. */
  readonly truths: readonly string[];
  readonly notFound: readonly string[];
  readonly missed: readonly string[];
}

export const tideImages = ({ units }: Detections): readonly TideImage[] => units.map(tideImage);

function tideImage({ truth, found }: JudgedImage, image: number): TideImage {
  const truths = truth.filter(({ isCrowd }) => !isCrowd);
  const crowds = truth.filter(({ isCrowd }) => isCrowd);
  const boxes = found.toSorted((a, b) => b.score - a.score).slice(0, mostBoxes);
  const overlaps = boxes.map(({ box }) => truths.map((each) => boxOverlap(box, each.box, false)));
  const isUsed = new Uint8Array(truths.length);
  const isRight = boxes.map((box, index) => {
    const best = greatest(truths, (each, at) =>
      each.category === box.category && isUsed[at] === 0 ? (overlaps[index]?.[at] ?? 0) : 0,
    );
    if (best.overlap < foreground) return false;
    isUsed[best.at] = 1;
    return true;
  });
  const near = new Map<number, { readonly box: number; readonly score: number }>();
  const faults = boxes.map((box, index) => {
    if (isRight[index] === true) return null;
    const fault = faultOf(box, { truths, overlaps: overlaps[index] ?? [], isUsed });
    const best = near.get(fault.truth);
    if (fault.truth !== -1 && (best === undefined || best.score < box.score))
      near.set(fault.truth, { box: index, score: box.score });
    return fault;
  });
  const points = boxes.map((box, index): TidePoint => {
    const fault = faults[index] ?? null;
    const isMended = fault !== null && near.get(fault.truth)?.box === index;
    const category = fault?.error === "cls" ? truths[fault.truth]?.category : box.category;
    return {
      image,
      category: box.category,
      score: box.score,
      state: fault === null ? "right" : crowds.some((crowd) => liesIn(box, crowd)) ? "ignored" : "wrong",
      error: fault?.error ?? null,
      mended: isMended ? (category ?? null) : null,
    };
  });
  const categoriesWhere = (holds: (at: number) => boolean): readonly string[] =>
    truths.filter((_, at) => holds(at)).map(({ category }) => category);
  return {
    points,
    truths: categoriesWhere(() => true),
    notFound: categoriesWhere((at) => isUsed[at] === 0),
    missed: categoriesWhere((at) => isUsed[at] === 0 && !near.has(at)),
  };
}

const liesIn = (box: FoundBox, crowd: TrueBox): boolean =>
  crowd.category === box.category && boxOverlap(box.box, crowd.box, true) > foreground;

interface Surroundings {
  readonly truths: readonly TrueBox[];
  readonly overlaps: readonly number[];
  readonly isUsed: Uint8Array;
}

/** In TIDE's order. `truth`: the box that would have been found, if it is free; -1 otherwise. */
function faultOf(
  box: FoundBox,
  { truths, overlaps, isUsed }: Surroundings,
): { readonly error: TideError; readonly truth: number } {
  if (truths.length === 0) return { error: "bkg", truth: -1 };
  const overlapOf = (holds: (truth: TrueBox, at: number) => boolean): Greatest =>
    greatest(truths, (truth, at) => (holds(truth, at) ? (overlaps[at] ?? 0) : 0));
  const ifFree = (at: number): number => (isUsed[at] === 0 ? at : -1);
  const same = overlapOf(({ category }) => category === box.category);
  if (same.overlap >= background && same.overlap <= foreground) return { error: "loc", truth: ifFree(same.at) };
  const other = overlapOf(({ category }) => category !== box.category);
  if (other.overlap >= foreground) return { error: "cls", truth: ifFree(other.at) };
  const taken = overlapOf(({ category }, at) => category === box.category && isUsed[at] === 1);
  if (taken.overlap >= foreground) return { error: "dupe", truth: -1 };
  return { error: overlapOf(() => true).overlap <= background ? "bkg" : "both", truth: -1 };
}

interface Greatest {
  readonly at: number;
  readonly overlap: number;
}

/** The first of the greatest. */
function greatest(truths: readonly TrueBox[], overlapOf: (truth: TrueBox, at: number) => number): Greatest {
  let best: Greatest = { at: -1, overlap: -1 };
  for (const [at, truth] of truths.entries()) {
    const overlap = overlapOf(truth, at);
    if (overlap > best.overlap) best = { at, overlap };
  }
  return best;
}
