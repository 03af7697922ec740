import { expect, test } from "vitest";
import type { Finding } from "../../model/finding.ts";
import type { Report } from "../../model/report.ts";
import { inOrderOfCause, verdictOf } from "./verdict.ts";

const finding = (rule: string, severity: Finding["severity"], step: number | null, message: string): Finding => ({
  rule,
  severity,
  title: rule.replaceAll("-", " "),
  message,
  onset: { step },
  end: null,
  recovered: null,
  evidence: [],
  causes: [],
  advice: [],
});
const report = (over: Partial<Report>): Report => ({
  schema: "llmdbg.report/1",
  run: { id: "r", name: "r", source: "api", dialect: null, firstStep: 0, lastStep: 1200, series: ["loss"] },
  findings: [],
  explained: [],
  clean: [],
  notApplicable: [],
  failed: [],
  ...over,
});

test("findings stand in the order in which things went wrong, notes last", () => {
  const findings = [
    finding("note", "info", 1, ""),
    finding("loss-divergence", "error", 40, ""),
    finding("learning-rate-too-high", "warning", 10, ""),
    finding("gradient-explosion", "error", 10, ""),
  ];
  expect(inOrderOfCause(findings).map(({ rule }) => rule)).toEqual([
    "gradient-explosion",
    "learning-rate-too-high",
    "loss-divergence",
    "note",
  ]);
});

test("the sentence is the gravest finding's, with where it began", () => {
  const { verdict, sentence } = verdictOf(
    report({
      findings: [
        finding("loss-divergence", "error", 40, "The loss left its band at step 40. It never came back."),
        finding("gradient-explosion", "warning", 10, "grad_norm grew."),
      ],
    }),
  );
  expect(verdict).toBe("error");
  expect(sentence).toBe("The loss left its band at step 40. It began with: gradient explosion at step 10.");
});

test("the onset is given to a sentence that does not name it, and decimal points end no sentence", () => {
  const { sentence, since } = verdictOf(report({ findings: [finding("x", "error", 7, "Loss rose 3.5 times")] }));
  expect(sentence).toBe("Loss rose 3.5 times.");
  expect(since).toBe(7);
  expect(verdictOf(report({ findings: [finding("x", "error", 7, "NaN at step 7.")] })).since).toBeUndefined();
});

test("a healthy run says what was checked and what was not", () => {
  const { verdict, sentence } = verdictOf(
    report({ clean: ["a", "b"], notApplicable: [{ rule: "c", missing: ["eval_loss"] }] }),
  );
  expect(verdict).toBe("healthy");
  expect(sentence).toBe("No fault found up to step 1200: 2 checks clean. 1 check could not be made.");
});

test("without data nothing is called clean", () => {
  expect(verdictOf(report({ notApplicable: [{ rule: "c", missing: ["loss"] }] })).verdict).toBe("unknown");
});
