import { expect, test } from "vitest";
import { reportOn } from "../outcome.fixture.ts";
import { healthyRows, random, usualShape } from "../synthetic.fixture.ts";
import { norms } from "./norms.ts";

const rows = healthyRows(random(1), usualShape);
const config = { vocab_size: 500 };

test("says where grad_norm stands among the recorded healthy runs of its kind, and how many those are", () => {
  const { standing = [] } = reportOn({ rows, config });
  const usual = standing.find(({ statistic }) => statistic === "usual");
  expect(usual).toMatchObject({ series: "grad_norm", kind: "language models", runs: norms.language.usual.length });
  expect(usual?.text).toContain(`${norms.language.usual.length} recorded healthy runs of language models`);
  const lower = norms.language.usual.filter((value) => value < Number(usual?.value)).length;
  expect(usual?.above).toBeCloseTo(lower / norms.language.usual.length, 9);
});

test("says that a level beyond all of them is by itself no fault", () => {
  const large = rows.map((row) => ({ ...row, grad_norm: (row["grad_norm"] ?? 0) * 1e6 }));
  const { standing = [], findings } = reportOn({ rows: large, config });
  const usual = standing.find(({ statistic }) => statistic === "usual");
  expect(usual).toMatchObject({ above: 1 });
  expect(usual?.text).toContain("The level alone is no fault");
  expect(findings).toEqual([]);
});

test("says nothing of a run that has too few rows, or no recorded ones of its kind", () => {
  expect(reportOn({ rows: rows.slice(0, 15), config }).standing).toBeUndefined();
});

test("compares policy gradients with policy gradients only", () => {
  const policy = rows.map((row) => ({ ...row, reward: 0.5, kl: 0.01 }));
  for (const { kind } of reportOn({ rows: policy, config }).standing ?? []) expect(kind).toBe("reinforcement learning");
});
