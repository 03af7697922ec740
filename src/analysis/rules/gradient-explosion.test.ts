import { describe, expect, test } from "vitest";

import { healthyFamilies } from "../healthy.fixture.ts";
import { changesOf, findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "gradient-explosion";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

describe("gradient-explosion", () => {
  test("sees norms that leave their band and stay, whatever their scale", () => {
    for (const scale of [1e-4, 1, 286, 1e6]) {
      const exploding = rows.map((row, i) => ({
        ...row,
        grad_norm: (row["grad_norm"] ?? 1) * scale * (i >= 120 ? 30 : 1),
      }));
      const finding = findingOf(rule, { rows: exploding });
      expect(finding).toMatchObject({ severity: "error", onset: { step: 1210 } });
      expect(changesOf(finding)[0]?.key).toBe("max_grad_norm");
    }
  });

  test("is silent on peaks that are over in a row or two, and on a large stable norm", () => {
    for (const family of ["spikyGradients", "largeNorm", "smallBatch"])
      for (let seed = 200; seed < 210; seed++) {
        const story = healthyFamilies.get(family)?.(seed);
        if (story === undefined) throw new Error(`no family ${family}`);
        expect(findingOf(rule, story)).toBeUndefined();
      }
  });

  test("is silent when the norm only rises slowly, as it often does", () => {
    expect(
      findingOf(rule, { rows: rows.map((row, i) => ({ ...row, grad_norm: (row["grad_norm"] ?? 1) * 1.02 ** i })) }),
    ).toBeUndefined();
  });

  test("is not applicable without grad_norm", () => {
    expect(missingFor(rule, { rows: without(rows, "grad_norm") })).toEqual(["grad_norm"]);
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });
});
