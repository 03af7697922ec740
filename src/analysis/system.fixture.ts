/** Speed and ranks: healthy runs that pause, compile and wobble, and those that slow down or come apart. */
import type { SeriesPoints } from "../model/series.ts";
import type { Fault } from "./faulty.fixture.ts";
import { healthyRows, type Random, type Row, type Story, usualShape } from "./synthetic.fixture.ts";

const start = 1_700_000_000_000;
const plain = (next: Random, count = 240): Row[] => healthyRows(next, { ...usualShape, count, evalEvery: 0 });

/** Rows at times that follow from the seconds each of them took. */
function timed(rows: readonly Row[], seconds: (i: number) => number): Row[] {
  let time = start;
  return rows.map((row, i) => {
    time += 1000 * seconds(i);
    return { ...row, time };
  });
}

export const series = (name: string, labels: Record<string, string>, values: readonly number[]): SeriesPoints => ({
  name,
  labels,
  step: Float64Array.from(values, (_, i) => (i + 1) * 10),
  time: Float64Array.from(values, (_, i) => start + i * 1000),
  value: Float64Array.from(values),
});

/** Compiles first, evaluates every 20 rows, saves every 50. */
const pauses = (next: Random): Story => ({
  rows: timed(
    plain(next),
    (i) => (1 + 0.1 * next.uniform()) * (i < 3 ? 40 : 1) + (i % 20 === 19 ? 25 : 0) + (i % 50 === 49 ? 40 : 0),
  ),
});

/** A machine with other users: noisy throughout. */
const wobbles = (next: Random): Story => ({
  rows: timed(plain(next), (i) => Math.exp(0.3 * next.normal() + 0.2 * Math.sin(i / 40))),
});

/** Output that comes in pieces: rows of one piece have the same time. */
const bursts = (next: Random): Story => {
  const rows = timed(plain(next), () => 1 + 0.05 * next.normal());
  return {
    rows: rows.map((row, i) => ({ ...row, time: rows[Math.min(rows.length - 1, i - (i % 8) + 7)]?.time ?? start })),
  };
};

const logged = (next: Random): Story => ({
  rows: plain(next).map((row, i) => {
    const seconds = (i < 2 ? 30 : 0) + 0.8 * Math.exp(0.08 * next.normal()) * (i % 30 === 29 ? 2 : 1);
    return {
      ...row,
      step_time: seconds,
      data_time: seconds * 0.03 * Math.exp(0.5 * next.normal()),
      tps: 8192 / seconds,
    };
  }),
});

/** Eight ranks with their own noise and the same work. */
const ranksAlike = (next: Random): Story => ({
  rows: plain(next),
  series: Array.from({ length: 8 }, (_, rank) => [
    series(
      "step_time",
      { rank: String(rank) },
      Array.from({ length: 240 }, () => 0.8 * Math.exp(0.05 * next.normal())),
    ),
    series(
      "parameters/hash",
      { rank: String(rank) },
      Array.from({ length: 24 }, (_unused, i) => 1_000_003 * (i + 1)),
    ),
  ]).flat(),
});

export const healthySystems = { pauses, wobbles, bursts, logged, ranksAlike };

const slower = (next: Random): Fault => {
  const from = next.integer(80, 150);
  const rows = plain(next).map((row, i) => ({
    ...row,
    step_time: (1 + 0.1 * next.uniform()) * (i < from ? 1 : 2.6) + (i % 20 === 19 ? 10 : 0),
  }));
  return { rule: "throughput-drop", onset: rows[from]?.step ?? Number.NaN, story: { rows } };
};

const throughputFalls = (next: Random): Fault => {
  const from = next.integer(80, 150);
  const rows = plain(next).map((row, i) => ({
    ...row,
    tps: (i < 2 ? 200 : 9000) * (i < from ? 1 : 0.4) * Math.exp(0.04 * next.normal()),
  }));
  return { rule: "throughput-drop", onset: rows[from]?.step ?? Number.NaN, story: { rows } };
};

const leak = (next: Random): Fault => {
  const rows = plain(next, 300).map((row, i) => ({
    ...row,
    step_time: 0.5 * (1 + i / 120) * Math.exp(0.04 * next.normal()),
  }));
  return { rule: "throughput-drop", onset: Number.NaN, story: { rows } };
};

const waits = (next: Random): Fault => {
  const from = next.integer(60, 120);
  const rows = plain(next).map((row, i) => {
    const work = 0.8 * Math.exp(0.05 * next.normal());
    const wait = i < from ? 0.01 : 0.35 * Math.exp(0.2 * next.normal());
    return { ...row, step_time: work + wait, data_time: wait };
  });
  return {
    rule: "input-bound",
    onset: rows[from]?.step ?? Number.NaN,
    story: { rows, config: { dataloader_num_workers: 0 } },
  };
};

const straggler = (next: Random): Fault => {
  const from = next.integer(60, 140);
  const slow = next.integer(0, 7);
  const ranks = Array.from({ length: 8 }, (_, rank) =>
    series(
      "step_time",
      { rank: String(rank) },
      Array.from(
        { length: 240 },
        (_unused, i) => 0.8 * (rank === slow && i >= from ? 1.5 : 1) * Math.exp(0.04 * next.normal()),
      ),
    ),
  );
  return { rule: "straggler-rank", onset: (from + 1) * 10, story: { rows: plain(next), series: ranks } };
};

const apart = (next: Random): Fault => {
  const from = next.integer(3, 15);
  const odd = next.integer(0, 3);
  const ranks = Array.from({ length: 4 }, (_, rank) =>
    series(
      "parameters/hash",
      { rank: String(rank) },
      Array.from({ length: 24 }, (_unused, i) => 1_000_003 * (i + 1) + (rank === odd && i >= from ? 17 : 0)),
    ),
  );
  return { rule: "desynchronised-ranks", onset: (from + 1) * 10, story: { rows: plain(next), series: ranks } };
};

const otherStart = (next: Random): Fault => {
  const ranks = Array.from({ length: 2 }, (_, rank) =>
    series(
      "parameters/hash",
      { rank: String(rank) },
      Array.from({ length: 24 }, () => Math.floor(next.uniform() * 2 ** 40)),
    ),
  );
  return { rule: "desynchronised-ranks", onset: 10, story: { rows: plain(next), series: ranks } };
};

export const faultySystems = { slower, throughputFalls, leak, waits, straggler, apart, otherStart };
