/** What grows little by little: where it begins, and how it is told from a jump. */
import { at, median } from "../../base/statistics.ts";

/** The lowest level of three neighbours: what grows from the start has already grown in a median of them all. */
export function leastEarly(times: readonly number[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 3 <= times.length; i++) least = Math.min(least, median(times.slice(i, i + 3)));
  return least;
}

/** Around a row, so that a growth is not dated late by the rows that the median waits for. */
const aroundRows = 2;
/** Single rows of what has grown may be quick ones. */
const risenShare = 0.95;

/** First row above the bar from which on nearly all are, by the medians around them. */
export function risenFrom(value: Float64Array, bar: number): number {
  let row = value.length - 1;
  let above = 0;
  for (let i = value.length - 1; i >= 0; i--) {
    const isAbove = median(value.subarray(Math.max(0, i - aroundRows), i + aroundRows + 1)) > bar;
    if (isAbove) above += 1;
    if (isAbove && above >= risenShare * (value.length - i)) row = i;
  }
  return row;
}

/** Blocks of the slow rows: each later one is slower, and the last twice as slow as the first. By chance 1 in 720 orders. */
const risingBlocks = 6;
const risingTimes = 2;
/** ... of a slowdown that rises, from where it shows on. */
const fewestBlockRows = 2;
export const fewestRisingRows = risingBlocks * fewestBlockRows;

/** Rows that the growth of the first half of the slow rows took from the usual level to the first of them. */
export function rowsOfGrowth(slow: Float64Array, usual: number): number {
  const size = Math.floor(slow.length / risingBlocks);
  const [early, later] = [median(slow.subarray(0, size)), median(slow.subarray(2 * size, 3 * size))];
  const perRow = (later - early) / (2 * size);
  return perRow > 0 ? Math.max(0, Math.round((early - usual) / perRow - size / 2)) : 0;
}

/** Ever slower, from the first of the slow rows on. */
export function isRising(slow: Float64Array): boolean {
  const size = Math.floor(slow.length / risingBlocks);
  if (size < fewestBlockRows) return false;
  const levels = Array.from({ length: risingBlocks }, (_, b) => median(slow.subarray(b * size, (b + 1) * size)));
  return (
    levels.every((level, b) => b === 0 || level > at(levels, b - 1)) &&
    at(levels, risingBlocks - 1) >= risingTimes * at(levels, 0)
  );
}

/** A line through as many rows says what it says; their pairs are all looked at. */
const mostEarly = 100;

/**
 * What a step took before anything had grown, by the line through the first rows, in which growth from the start has already
 * shown. Infinite where they grow less than the run does on average: then growth came later, and there is a level before it.
 */
export function startOfGrowth(all: readonly number[], slope: number): number {
  const stride = Math.ceil(all.length / mostEarly);
  const early = all.filter((_, i) => i % stride === 0);
  // The median slope over pairs: the first step also compiles.
  const slopes = early.flatMap((from, i) => early.slice(i + 1).map((to, j) => (to - from) / (j + 1)));
  const perRow = median(slopes) / stride;
  const start = median(early.map((time, i) => time - perRow * i * stride));
  return perRow >= slope && start > 0 ? start : Number.POSITIVE_INFINITY;
}
