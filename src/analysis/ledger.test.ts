import { describe, expect, test } from "vitest";
import type { Finding } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import { emptyLedger, follow, withResolved, type LedgerState } from "./ledger.ts";

const finding = (rule: string, over: Partial<Finding> = {}): Finding => ({
  rule,
  title: `title of ${rule}`,
  severity: "error",
  message: "message",
  onset: { step: 100 },
  end: null,
  recovered: false,
  evidence: [],
  causes: [],
  advice: [],
  ...over,
});

const report = (lastStep: number, findings: Finding[], over: Partial<Report> = {}): Report => ({
  schema: "llmdbg.report/1",
  run: { id: null, name: "r", source: "", dialect: null, firstStep: 0, lastStep, series: [] },
  findings,
  explained: [],
  clean: [],
  notApplicable: [],
  failed: [],
  ...over,
});

const after = (...reports: Report[]): LedgerState => reports.reduce(follow, emptyLedger);
const resolved = (...reports: Report[]) => after(...reports).resolved.map((one) => [one.finding.rule, one.step]);

describe("a finding that is still there", () => {
  test("is not resolved when its onset, message or severity is told anew", () => {
    const before = report(120, [finding("a")]);
    expect(resolved(before, report(130, [finding("a", { onset: { step: 90 }, severity: "warning" })]))).toEqual([]);
    expect(resolved(before, report(500, [finding("a", { onset: { step: 118 } })]))).toEqual([]);
  });

  test("is not taken for one that began in later data", () => {
    expect(resolved(report(120, [finding("a")]), report(500, [finding("a", { onset: { step: 400 } })]))).toEqual([
      ["a", 500],
    ]);
  });

  test("keeps its place when another of its rule goes", () => {
    const two = report(300, [finding("a"), finding("a", { onset: { step: 200 } })]);
    const state = after(two, report(400, [finding("a", { onset: { step: 200 } })]));
    expect(state.resolved.map((one) => one.finding.onset.step)).toEqual([100]);
  });

  test("is told apart by layer and rank", () => {
    const layers = (...names: string[]) => names.map((layer) => finding("a", { onset: { step: 100, layer } }));
    expect(resolved(report(120, layers("x", "y")), report(130, layers("y")))).toEqual([["a", 130]]);
  });

  test("is revised in place when the layer of its step is named anew", () => {
    const inLayer = (layer: string | undefined, step = 100) =>
      finding("a", { onset: layer === undefined ? { step } : { step, layer } });
    expect(resolved(report(120, [inLayer("x")]), report(130, [inLayer("y")]))).toEqual([]);
    expect(resolved(report(120, [inLayer("x")]), report(130, [inLayer(undefined)]))).toEqual([]);
    expect(resolved(report(120, [inLayer("x")]), report(130, [inLayer("y"), inLayer("z")]))).toEqual([["a", 130]]);
  });
});

describe("a finding that no longer holds", () => {
  const shown = report(120, [finding("a")]);
  const reason = (next: Report): string => after(shown, next).resolved[0]?.reason ?? "";

  test("is kept, and said in the report", () => {
    const next = report(200, [], { clean: ["a"] });
    const told = withResolved(next, after(shown, next));
    expect(told.resolved).toEqual([
      { finding: finding("a"), step: 200, reason: "It recovered: at step 200 the check finds nothing wrong any more." },
    ]);
    expect(withResolved(shown, after(shown))).toBe(shown);
  });

  test("names the story that it became a part of", () => {
    const related = [{ rule: "a", severity: "error" as const, title: "", message: "", onset: { step: 100 } }];
    expect(reason(report(200, [finding("b", { related })]))).toBe(
      "It is part of another finding now: title of b since step 100 (b).",
    );
  });

  test("names what the same place looks like now, but nothing that began later", () => {
    expect(reason(report(200, [finding("b", { onset: { step: 90 } })]))).toMatch(/something else: title of b since/);
    expect(reason(report(200, [finding("b", { onset: { step: 190 } })], { clean: ["a"] }))).toMatch(/^It recovered/);
  });

  test("says that another layer stands out, and which", () => {
    const before = report(120, [finding("a", { onset: { step: 100, layer: "x" } })]);
    const next = report(130, [finding("a", { onset: { step: 90, layer: "y" } })]);
    expect(after(before, next).resolved[0]?.reason).toBe(
      "With more data another layer stands out: title of a in y since step 90 (a).",
    );
  });

  test("names the sign that explains it, a missing fact, a failed check", () => {
    const explained = [{ sign: "Loss rose at step 100.", why: "The schedule restarted." }];
    expect(reason(report(200, [], { explained }))).toBe(
      "It is normal here. Loss rose at step 100. The schedule restarted.",
    );
    expect(reason(report(200, [], { notApplicable: [{ rule: "a", missing: ["grad_norm"] }] }))).toMatch(/grad_norm/);
    expect(reason(report(200, [], { failed: [{ rule: "a", error: "no" }] }))).toMatch(/failed .* no$/);
  });

  test("one that was over already is within what is usual after all", () => {
    const over = report(120, [finding("a", { end: { step: 110 }, recovered: true })]);
    expect(after(over, report(200, [], { clean: ["a"] })).resolved[0]?.reason).toMatch(/^At step 200 .* usual/);
  });

  test("stays listed while the run goes on, once, and leaves the list when it is back", () => {
    const clean = (step: number) => report(step, [], { clean: ["a"] });
    expect(resolved(shown, clean(200), clean(300))).toEqual([["a", 200]]);
    expect(resolved(shown, clean(200), report(300, [finding("a")]))).toEqual([]);
    expect(resolved(shown, clean(200), report(300, [finding("a")]), clean(400))).toEqual([["a", 400]]);
    expect(resolved(shown, clean(200), report(900, [finding("a", { onset: { step: 800 } })]))).toEqual([["a", 200]]);
  });
});
