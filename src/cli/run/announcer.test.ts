import { expect, test } from "vitest";
import type { Finding } from "../../model/finding.ts";
import type { Report } from "../../model/report.ts";
import { createStyle } from "../terminal/style.ts";
import { Announcer } from "./announcer.ts";

const finding = (step: number): Finding => ({
  rule: "loss-spike",
  severity: "warning",
  title: "Loss spike",
  message: "Loss jumped.",
  onset: { step },
  end: null,
  recovered: null,
  evidence: [],
  causes: [],
  advice: [],
});

const report = (findings: Finding[], gone: readonly number[] = []): Report => ({
  schema: "llmdbg.report/1",
  run: { id: null, name: "r", source: "", dialect: null, firstStep: 0, lastStep: 500, series: [] },
  findings,
  ...(gone.length === 0
    ? {}
    : { resolved: gone.map((step) => ({ finding: finding(step), step: 500, reason: "It recovered." })) }),
  explained: [],
  clean: [],
  notApplicable: [],
  failed: [],
});

const printedBy = (...reports: Report[]): string[] => {
  const printed: string[] = [];
  const announcer = new Announcer(
    createStyle({}, {}),
    (block) => printed.push(block.trim()),
    () => undefined,
    undefined,
  );
  for (const each of reports) announcer.see(each);
  return printed;
};

test("a printed finding that no longer holds is said so, once", () => {
  const printed = printedBy(report([finding(100)]), report([], [100]), report([], [100]));
  expect(printed).toHaveLength(2);
  expect(printed[1]).toBe("No longer    Loss spike since step 100: It recovered.");
});

test("one that was never printed is not taken back, nor is one that came later", () => {
  expect(printedBy(report([], [100]))).toEqual([]);
  const printed = printedBy(report([finding(100)]), report([finding(400)], [100]), report([finding(400)], [100]));
  expect(printed.filter((block) => block.startsWith("No longer"))).toHaveLength(1);
  expect(printed).toHaveLength(3);
});

test("one that comes back is printed again", () => {
  expect(printedBy(report([finding(100)]), report([], [100]), report([finding(100)]))).toHaveLength(3);
});
