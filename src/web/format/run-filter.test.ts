import { expect, test } from "vitest";
import type { RunSummary } from "../../api/runs.ts";
import { matchesRunFilter, parseRunFilter } from "./run-filter.ts";

const run: RunSummary = {
  id: "r1",
  project: "Translate",
  name: "lr too high",
  kind: "train",
  status: "running",
  source: "run",
  dialect: "hf",
  tags: ["two words", "baseline"],
  parent: null,
  createdAt: 0,
  endedAt: null,
  exitStatus: null,
  lastStep: 10,
  verdict: "error",
  findings: 1,
  headline: "Loss diverges",
  sparkline: [],
  lastLoss: "NaN",
};
const matches = (text: string): boolean => matchesRunFilter(run, parseRunFilter(text));

test.each([
  ["", true],
  ["high", true],
  ["diverges", true],
  ["HIGH translate", true],
  ["status:running project:trans", true],
  ["status:finished", false],
  ["running", true],
  ["runn", false],
  ["-status:finished verdict:error", true],
  ["-project:translate", false],
  ['tag:"two words"', true],
  ['name:"too high"', true],
  ["a:colon", false],
  ["status:", true],
])("%s", (text, expected) => {
  expect(matches(text)).toBe(expected);
});
