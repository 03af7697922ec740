import { expect, test } from "vitest";
import type { SeriesPoints } from "../../model/series.ts";
import { withEarlierSegments } from "./earlier-segments.ts";
import { Owners } from "./owners.ts";
import { Unseen } from "./unseen.ts";

const points = (name: string, step: number[], value: number[] = step.map((s) => s / 10)): SeriesPoints => ({
  name,
  labels: {},
  step: Float64Array.from(step),
  time: new Float64Array(step.length).fill(Number.NaN),
  value: Float64Array.from(value),
});
const steps = (series: readonly SeriesPoints[]): number[][] => series.map(({ step }) => [...step]);

test("the first source owns a metric; the other's points at known steps are dropped and counted", () => {
  const owners = new Owners();
  const console = {};
  const file = {};
  expect(steps(owners.take(console, [points("loss", [10, 20, 30])]))).toEqual([[10, 20, 30]]);
  expect(steps(owners.take(file, [points("loss", [10, 20, 30, 40]), points("eval_loss", [30])]))).toEqual([[40], [30]]);
  expect(steps(owners.take(console, [points("loss", [40]), points("eval_loss", [30, 60])]))).toEqual([[40], [60]]);
  expect([...owners.dropped]).toEqual([
    ["loss", 3],
    ["eval_loss", 1],
  ]);
});

test("what lies behind the owner's last step comes too late: it would look like a resume", () => {
  const owners = new Owners();
  owners.take({}, [points("loss", [510, 520])]);
  expect(steps(owners.take({}, [points("loss", [490, 500, 510, 515, 530])]))).toEqual([[530]]);
  expect([...owners.dropped, ...owners.late]).toEqual([
    ["loss", 1],
    ["loss", 3],
  ]);
});

test("the owner may go back: a resume inside one source is kept", () => {
  const owners = new Owners();
  const console = {};
  owners.take(console, [points("loss", [10, 20, 30])]);
  expect(steps(owners.take(console, [points("loss", [20, 30], [9, 9])]))).toEqual([[20, 30]]);
});

test("of a file that is read again, only new points pass, also repeated ones and NaN", () => {
  const unseen = new Unseen();
  const nan = Number.NaN;
  expect(steps(unseen.take([points("loss", [1, 2, 2], [5, nan, nan])]))).toEqual([[1, 2, 2]]);
  unseen.restart();
  expect(steps(unseen.take([points("loss", [1, 2, 2, 2, 3], [5, nan, nan, nan, 4])]))).toEqual([[2, 3]]);
  unseen.restart();
  expect(unseen.take([points("loss", [1, 2], [5, nan])])).toEqual([]);
});

test("steps that only an older checkpoint holds become an earlier segment", () => {
  const older = [points("loss", [100, 200, 300, 400], [4, 3, 2.5, 2.4])];
  const newer = [points("loss", [100, 200, 300, 400], [4, 3, 2.6, 2.2]), points("eval_loss", [400])];
  const [loss, evaluation] = withEarlierSegments([older, newer]);
  expect([...(loss?.step ?? [])]).toEqual([100, 200, 300, 400, 300, 400]);
  expect([...(loss?.value ?? [])]).toEqual([4, 3, 2.5, 2.4, 2.6, 2.2]);
  expect([...(evaluation?.step ?? [])]).toEqual([400]);
});

test("checkpoints of one attempt add nothing", () => {
  const histories = [[points("loss", [100])], [points("loss", [100, 200])], [points("loss", [100, 200, 300])]];
  expect(steps(withEarlierSegments(histories))).toEqual([[100, 200, 300]]);
});
