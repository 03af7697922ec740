import { expect, test } from "vitest";
import type { FlatConfig } from "../../model/config.ts";
import type { Environment, Run } from "../../model/run.ts";
import { experimentsOf } from "./experiments.ts";

let clock = 0;
const run = (id: string, config: FlatConfig, environment: Environment = {}): Run => ({
  id,
  project: "p",
  name: id,
  kind: "train",
  status: "finished",
  source: "test",
  dialect: null,
  config,
  tags: [],
  environment,
  parent: null,
  createdAt: ++clock,
  endedAt: null,
  exitStatus: 0,
});
const idsOf = (runs: readonly Run[]): string[] => experimentsOf(runs).map((one) => one.runs.map(({ id }) => id).join());

test("runs that differ by seed, place and logging are one experiment; the newest experiment first", () => {
  expect(
    idsOf([
      run("a1", { lr: 0.1, seed: 1, output_dir: "a1" }),
      run("b1", { lr: 0.2, seed: 1, output_dir: "b1" }),
      run("a2", { seed: 2, lr: 0.1, output_dir: "a2", logging_steps: 5 }),
    ]),
  ).toEqual(["b1", "a1,a2"]);
});

test("other code is another experiment", () => {
  const commit = (gitDiff: string): Environment => ({ gitCommit: "a".repeat(40), gitDiff });
  expect(idsOf([run("x", { lr: 1 }, commit("")), run("y", { lr: 1 }, commit("+x"))])).toHaveLength(2);
});

test("runs without settings belong to none", () => {
  expect(idsOf([run("x", {}), run("y", { seed: 1 })])).toEqual([]);
});

test("of many seeds the first eight are read", () => {
  const many = Array.from({ length: 12 }, (_, i) => run(`s${i}`, { lr: 1, seed: i }));
  expect(experimentsOf(many)[0]?.runs).toHaveLength(8);
});
