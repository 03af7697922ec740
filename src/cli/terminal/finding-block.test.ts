import { expect, test } from "vitest";
import type { Finding } from "../../model/finding.ts";
import { findingBlock } from "./finding-block.ts";
import { createStyle } from "./style.ts";

const finding: Finding = {
  rule: "loss-divergence",
  severity: "error",
  title: "Loss diverges",
  message: "Loss rose.",
  onset: { step: 90 },
  end: null,
  recovered: false,
  evidence: [],
  causes: [],
  advice: [],
};
const lines = (columns: number): string[] =>
  findingBlock(finding, createStyle({ isTTY: true, columns }, { NO_COLOR: "1", LANG: "C.UTF-8" }), {}).split("\n");

test("rule and place stand beside the title where they fit, else below it", () => {
  expect(lines(54)).toEqual(["✖ error  Loss diverges  loss-divergence, since step 90", "  Loss rose."]);
  expect(lines(53)).toEqual(["✖ error  Loss diverges", "  loss-divergence, since step 90", "  Loss rose."]);
});
