import { expect } from "vitest";
import type { SeriesPoints } from "../model/series.ts";
import type { BucketQuery, Buckets, Store } from "./store.ts";
import { batchOf, examplePoints, generator } from "./store-examples.ts";

/** Tests of `readBuckets`: whatever the engine keeps, a chart is what a reduction of all points gives. */
export interface SharedPlace {
  newRun(): Promise<string>;
  reopen(): Promise<void>;
  store(): Store;
}

export type DefineTest = (name: string, body: () => Promise<void>) => void;

interface Flat extends SeriesPoints {
  readonly segment: Int32Array;
}

async function oneChart(store: Store, run: string, query: Partial<BucketQuery>): Promise<Buckets> {
  const [buckets] = await store.readBuckets(run, { series: ["loss"], axis: "step", width: 100, ...query });
  if (buckets === undefined) throw new Error("no chart");
  return buckets;
}

/** Random points with gaps, resumes and values that are not finite; `length` of them. */
function randomSeries(next: () => number, length: number): Flat {
  const segment = new Int32Array(length);
  const [step, time, value] = [new Float64Array(length), new Float64Array(length), new Float64Array(length)];
  const resumes = next() < 0.3 ? 0 : next() * 8;
  const gaps = next() < 0.5 ? 0 : 0.02;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const resumed = i > 0 && next() < resumes / length;
    at = resumed
      ? Math.floor(at * next())
      : at + (next() < 0.1 ? 0 : 1) + (next() < gaps ? Math.floor(next() * 5000) : 0);
    const fresh = i > 0 && at < (step[i - 1] ?? 0);
    segment[i] = i === 0 ? 0 : (segment[i - 1] ?? 0) + (fresh ? 1 : 0);
    step[i] = at;
    time[i] = (i === 0 ? 1_700_000_000_000 : (time[i - 1] ?? 0)) + Math.floor(next() * 1000);
    const kind = next();
    value[i] =
      kind < 0.003
        ? Number.NaN
        : kind < 0.005
          ? Number.POSITIVE_INFINITY
          : kind < 0.006
            ? Number.NEGATIVE_INFINITY
            : kind < 0.008
              ? 1e6 * (next() - 0.5)
              : next();
  }
  return { name: "loss", labels: {}, segment, step, time, value };
}

const slice = (points: SeriesPoints, from: number, to: number): SeriesPoints => ({
  ...points,
  step: points.step.slice(from, to),
  time: points.time.slice(from, to),
  value: points.value.slice(from, to),
});

/** The debiased average after each point, from its definition. */
function averages(points: Flat, weight: number): Float64Array {
  let [last, n] = [0, 0];
  return points.value.map((value, i) => {
    if (i > 0 && points.segment[i] !== points.segment[i - 1]) [last, n] = [0, 0];
    if (Number.isFinite(value)) {
      last = last * weight + (1 - weight) * value;
      n += 1;
    }
    return n === 0 ? Number.NaN : last / (1 - weight ** n);
  });
}

/** Checks that the buckets are the points of the range, in order, each reduced without loss. */
function expectReduction(buckets: Buckets, points: Flat, query: Partial<BucketQuery>): void {
  const axis = query.axis === "time" ? points.time : points.step;
  const inside = [...axis.keys()].filter((i) => {
    const at = axis[i] ?? Number.NaN;
    return at >= (query.from ?? -Infinity) && at <= (query.to ?? Infinity);
  });
  expect(buckets.points).toBe(inside.length);
  const smoothed = query.smoothing === undefined ? undefined : averages(points, query.smoothing);
  let taken = 0;
  for (const [row, count] of buckets.count.entries()) {
    const members = inside.slice(taken, taken + count);
    taken += count;
    const values = members.map((i) => points.value[i] ?? Number.NaN);
    const finite = members.filter((i) => Number.isFinite(points.value[i]));
    const value = (i: number | undefined): number => (i === undefined ? Number.NaN : (points.value[i] ?? 0));
    const step = (i: number | undefined): number => (i === undefined ? Number.NaN : (points.step[i] ?? 0));
    const least = finite.reduce<number | undefined>(
      (a, b) => (a === undefined || value(b) < value(a) ? b : a),
      undefined,
    );
    const most = finite.reduce<number | undefined>(
      (a, b) => (a === undefined || value(b) > value(a) ? b : a),
      undefined,
    );
    const seen = Object.fromEntries(
      Object.entries(buckets).flatMap(([name, column]) =>
        ArrayBuffer.isView(column) && name !== "smoothed" ? [[name, Number(Reflect.get(column, row))]] : [],
      ),
    );
    const sum = finite.reduce((total, i) => total + value(i), 0);
    expect(Math.abs((seen["sum"] ?? 0) - sum) <= 1e-9 * Math.max(1, Math.abs(sum)) || finite.length === 0).toBe(true);
    expect({ ...seen, sum: 0 }).toEqual({
      segment: points.segment[members[0] ?? 0],
      count: members.length,
      nan: values.filter((one) => Number.isNaN(one)).length,
      positiveInfinity: values.filter((one) => one === Infinity).length,
      negativeInfinity: values.filter((one) => one === -Infinity).length,
      min: value(least),
      max: value(most),
      first: value(finite[0]),
      last: value(finite.at(-1)),
      sum: 0,
      minStep: step(least),
      maxStep: step(most),
      firstStep: step(finite[0]),
      lastStep: step(finite.at(-1)),
      nonFiniteStep: step(members.find((i) => !Number.isFinite(points.value[i]))),
      firstTime: points.time[members[0] ?? 0],
      lastTime: points.time[members.at(-1) ?? 0],
    });
    expect(members.every((i) => points.segment[i] === points.segment[members[0] ?? 0])).toBe(true);
    if (smoothed !== undefined) expect(buckets.smoothed?.[row]).toBeCloseTo(smoothed[members.at(-1) ?? 0] ?? 0, 6);
  }
  expect(taken).toBe(inside.length);
}

export function bucketContract(test: DefineTest, { newRun, reopen, store }: SharedPlace): void {
  test("a chart of a short series is its points", async () => {
    const run = await newRun();
    const values = [1, Number.NaN, 3, Number.POSITIVE_INFINITY, 2];
    await store().append(run, batchOf(examplePoints("loss", values)));
    const buckets = await oneChart(store(), run, { smoothing: 0.5 });
    expect([...buckets.count]).toEqual([1, 1, 1, 1, 1]);
    expect([...buckets.last]).toEqual([1, Number.NaN, 3, Number.NaN, 2]);
    expect([...buckets.nonFiniteStep]).toEqual([Number.NaN, 1, Number.NaN, 3, Number.NaN]);
    // 1, then (0.5 * 1 * 0.5 + 0.5 * 3) / (1 - 0.5^2) ..., from the definition.
    expect([...(buckets.smoothed ?? [])].map((value) => value.toFixed(4))).toEqual([
      "1.0000",
      "1.0000",
      "2.3333",
      "2.3333",
      "2.1429",
    ]);
  });

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    test(`charts are the reduction of random points, seed ${seed}`, async () => {
      const next = generator(seed);
      const run = await newRun();
      const points = randomSeries(next, 1 + Math.floor(next() * 40_000));
      const total = points.step.length;
      const ask = async (known: Flat): Promise<void> => {
        const last = Math.max(...known.step);
        for (let query = 0; query < 6; query++) {
          const axis = next() < 0.3 ? "time" : "step";
          const [low, high] = axis === "step" ? [0, last] : [known.time[0] ?? 0, known.time.at(-1) ?? 0];
          const span = (high - low) * next() ** 3;
          const from = Math.floor(low + next() * (high - low - span));
          const asked: Partial<BucketQuery> = {
            axis,
            width: 1 + Math.floor(next() * 400),
            ...(query === 0 ? {} : { from, to: Math.floor(from + span) }),
            ...(next() < 0.4 ? { smoothing: next() < 0.5 ? 0.9 : 0.99 } : {}),
          };
          const buckets = await oneChart(store(), run, asked);
          expectReduction(buckets, known, asked);
          const segments = new Set(buckets.segment).size;
          const limit = (segments === 1 ? 2 : 4) * (asked.width ?? 0) + segments;
          expect(buckets.count.length).toBeLessThanOrEqual(limit);
        }
      };
      for (let at = 0; at < total;) {
        const to = Math.min(total, at + 1 + Math.floor(next() ** 4 * 30_000));
        await store().append(run, batchOf(slice(points, at, to)));
        at = to;
        const event = next();
        if (event < 0.05) await ask({ ...slice(points, 0, at), segment: points.segment.slice(0, at) });
        else if (event < 0.07) await reopen();
        else if (event < 0.08) await store().compact();
      }
      await ask(points);
      await reopen();
      await ask(points);
    });
  }

  test("every single spike and NaN in 300,000 points reaches the chart", async () => {
    const next = generator(99);
    const values = Array.from({ length: 300_000 }, next);
    const spikes = new Set<number>();
    const holes = new Set<number>();
    while (spikes.size < 60) spikes.add(Math.floor(next() * values.length));
    while (holes.size < 60) holes.add(Math.floor(next() * values.length));
    for (const at of spikes) values[at] = 1000 + at;
    for (const at of holes) if (!spikes.has(at)) values[at] = Number.NaN;
    const run = await newRun();
    await store().append(run, batchOf(examplePoints("loss", values)));
    const buckets = await oneChart(store(), run, { width: 800 });
    // A bucket shows one spike, its highest; that more than one fell into a pixel shows in the next zoom.
    for (const at of spikes) {
      const row = buckets.count.findIndex(
        (_, i) => at >= (buckets.firstStep[i] ?? 0) && at <= (buckets.lastStep[i] ?? 0),
      );
      expect(buckets.max[row]).toBeGreaterThanOrEqual(1000 + at);
      const zoom = await oneChart(store(), run, { from: at - 200, to: at + 200, width: 800 });
      expect(zoom.maxStep[zoom.max.indexOf(1000 + at)]).toBe(at);
    }
    const nan = values.filter((value) => Number.isNaN(value)).length;
    expect(buckets.nan.reduce((sum, count) => sum + count, 0)).toBe(nan);
  });

  test("a series that never advances its step stays a chart of bounded size", async () => {
    const run = await newRun();
    const points = examplePoints(
      "loss",
      Array.from({ length: 5000 }, (_, index) => index),
    );
    await store().append(run, batchOf({ ...points, step: new Float64Array(5000) }));
    const buckets = await oneChart(store(), run, { width: 20 });
    expect(buckets.points).toBe(5000);
    expect(buckets.count.length).toBeLessThanOrEqual(80);
    expect(Math.max(...buckets.max)).toBe(4999);
    expect((await store().listSeries(run))[0]?.segments).toBe(1);
  });

  test("many series are charted by one call, in the order asked for, unknown ones left out", async () => {
    const run = await newRun();
    const series = Array.from({ length: 300 }, (_, index) => examplePoints(`m${index}`, [index, index + 0.5]));
    await store().append(
      run,
      batchOf(
        ...series,
        examplePoints(
          "long",
          Array.from({ length: 20_000 }, () => 7),
        ),
      ),
    );
    const ids = ["m299", "absent", "long", "m0", ...Array.from({ length: 200 }, (_, index) => `m${index + 10}`)];
    const charts = await store().readBuckets(run, { series: ids, axis: "step", width: 50 });
    expect(charts.map((one) => one.id)).toEqual(ids.filter((id) => id !== "absent"));
    expect(charts.map((one) => one.points).slice(0, 3)).toEqual([2, 20_000, 2]);
  });
}
