import type { BucketColumns } from "../../api/points.ts";

/** Reduces buckets of (step, value) points as the server does. */
export function columnsOf(
  buckets: readonly (readonly (readonly number[])[])[],
  segments: readonly number[] = buckets.map(() => 0),
): BucketColumns {
  const rows = buckets.map((bucket) => {
    const points = bucket.map(([step = 0, value = 0]) => ({ step, value }));
    const finite = points.filter(({ value }) => Number.isFinite(value));
    const by = (better: (a: number, b: number) => boolean) =>
      finite.reduce<{ step: number; value: number } | undefined>(
        (best, point) => (best === undefined || better(point.value, best.value) ? point : best),
        undefined,
      );
    const count = (test: (value: number) => boolean): number => points.filter(({ value }) => test(value)).length;
    return {
      points,
      first: finite[0],
      last: finite.at(-1),
      min: by((a, b) => a < b),
      max: by((a, b) => a > b),
      sum: finite.length === 0 ? null : finite.reduce((sum, { value }) => sum + value, 0),
      nan: count(Number.isNaN),
      plus: count((v) => v === Number.POSITIVE_INFINITY),
      minus: count((v) => v === Number.NEGATIVE_INFINITY),
      bad: points.find(({ value }) => !Number.isFinite(value)),
    };
  });
  return {
    id: "loss",
    points: rows.reduce((sum, { points }) => sum + points.length, 0),
    segment: [...segments],
    count: rows.map(({ points }) => points.length),
    nan: rows.map(({ nan }) => nan),
    positiveInfinity: rows.map(({ plus }) => plus),
    negativeInfinity: rows.map(({ minus }) => minus),
    min: rows.map(({ min }) => min?.value ?? null),
    max: rows.map(({ max }) => max?.value ?? null),
    first: rows.map(({ first }) => first?.value ?? null),
    last: rows.map(({ last }) => last?.value ?? null),
    sum: rows.map(({ sum }) => sum),
    minStep: rows.map(({ min }) => min?.step ?? null),
    maxStep: rows.map(({ max }) => max?.step ?? null),
    firstStep: rows.map(({ first }) => first?.step ?? null),
    lastStep: rows.map(({ last }) => last?.step ?? null),
    nonFiniteStep: rows.map(({ bad }) => bad?.step ?? null),
    firstTime: rows.map(() => null),
    lastTime: rows.map(() => null),
  };
}
