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
  expect(steps(owners.take(file, [points("loss", [10, 20, 30, 40]), points("eval_loss", [30])]))).toEqual([[30]]);
  expect(steps(owners.take(console, [points("loss", [40]), points("eval_loss", [30, 60])]))).toEqual([[40]]);
  expect(steps(owners.end())).toEqual([[60]]);
  expect([...owners.dropped]).toEqual([
    ["loss", 4],
    ["eval_loss", 1],
  ]);
});

test("what lies behind the owner's last step comes too late: it would look like a resume", () => {
  const owners = new Owners();
  owners.take({}, [points("loss", [510, 520])]);
  expect(steps(owners.take({}, [points("loss", [490, 500, 510, 515, 530])]))).toEqual([]);
  expect(steps(owners.end())).toEqual([[530]]);
  expect([...owners.dropped, ...owners.late]).toEqual([
    ["loss", 1],
    ["loss", 3],
  ]);
});

test("a source that is ahead by a moment does not break the owner's order", () => {
  const owners = new Owners();
  const file = {};
  const console = {};
  owners.take(file, [points("loss", [3, 7], [0.5, 0.4])]);
  // Printed with three decimals and counted from 1.
  expect(owners.take(console, [points("loss", [12], [0.033])])).toEqual([]);
  expect(steps(owners.take(file, [points("loss", [11], [0.03252])]))).toEqual([[11]]);
  expect(owners.end()).toEqual([]);
  expect([...owners.dropped, ...owners.late]).toEqual([["loss", 1]]);
});

test("a source that goes on where the owner stopped takes over", () => {
  const owners = new Owners();
  owners.take({}, [points("loss", [1])]);
  const file = {};
  expect(owners.take(file, [points("loss", [2, 3, 4])])).toEqual([]);
  expect(steps(owners.take(file, [points("loss", [5, 6, 7])]))).toEqual([[2, 3, 4, 5, 6, 7]]);
  expect(steps(owners.take(file, [points("loss", [8])]))).toEqual([[8]]);
});

test("a first value that was printed gives way to a file that tells more", () => {
  const owners = new Owners();
  const console = {};
  expect(owners.take(console, [points("loss", [168], [0.033])], true)).toEqual([]);
  expect(steps(owners.take({}, [points("loss", [163, 167], [0.04, 0.03252])]))).toEqual([[163, 167]]);
  expect([...owners.settle(), ...owners.end()]).toEqual([]);
  expect([...owners.dropped, ...owners.late]).toEqual([["loss", 1]]);
});

test("a first value waits for the second, or for the search for files, and no longer", () => {
  const owners = new Owners();
  const console = {};
  expect(owners.take(console, [points("loss", [1]), points("accuracy", [1])], true)).toEqual([]);
  expect(steps(owners.take(console, [points("loss", [2])], true))).toEqual([[1, 2]]);
  expect(steps(owners.settle())).toEqual([[1]]);
  expect(steps(owners.take(console, [points("loss", [3]), points("accuracy", [2])], true))).toEqual([[3], [2]]);
  expect(owners.end()).toEqual([]);
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

test("a lone value waits as often as asked, one that is not finite does not wait", () => {
  const owners = new Owners();
  owners.take({}, [points("loss", [1]), points("grad_norm", [1], [Number.NaN])], true);
  const settled = (): string[] => owners.settle(new Set(), 2).map(({ name }) => name);
  expect([settled(), settled(), settled(), settled()]).toEqual([["grad_norm"], [], ["loss"], []]);
});
