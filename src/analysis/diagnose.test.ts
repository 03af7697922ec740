import { describe, expect, test } from "vitest";
import type { Finding } from "../model/finding.ts";
import { createDiagnosis, RunData, rules, signs, toReport } from "./index.ts";
import { defineFact, optional } from "./fact.ts";
import { defineRule, type FindingDraft } from "./rule.ts";
import { trainLoss } from "./signals.ts";
import { appendRows, healthyRows, noInfo, random, runOf, usualShape } from "./synthetic.fixture.ts";

const draft = (over: Partial<FindingDraft> = {}): FindingDraft => ({
  severity: "error",
  message: "message",
  onset: { step: 5 },
  end: null,
  recovered: false,
  evidence: [],
  causes: [],
  advice: [],
  ...over,
});

const length = defineFact<number>({
  id: "loss",
  derive: (run) => run.series(trainLoss).reduce((sum, series) => sum + series.length, 0) || undefined,
});

const rule = (id: string, check: () => readonly FindingDraft[], signOf: readonly string[] = []) =>
  defineRule({ id, title: `title of ${id}`, why: "", needs: { length }, signOf, check });

const run = () => runOf({ rows: [{ step: 1, loss: 2 }] });

describe("outcomes", () => {
  test("a finding, clean, not applicable and failed are four different things", () => {
    const missing = defineFact<number>({ id: "nothing", derive: () => undefined });
    const outcomes = createDiagnosis(
      run(),
      [
        rule("found", () => [draft()]),
        rule("clean", () => []),
        defineRule({ id: "absent", title: "", why: "", needs: { missing }, check: () => [draft()] }),
        rule("broken", () => {
          throw new Error("no");
        }),
      ],
      [],
    )().outcomes;
    expect(outcomes).toEqual([
      { status: "checked", rule: "found", findings: [{ ...draft(), rule: "found", title: "title of found" }] },
      { status: "checked", rule: "clean", findings: [] },
      { status: "not-applicable", rule: "absent", missing: ["nothing"] },
      { status: "failed", rule: "broken", error: "no" },
    ]);
  });

  test("a fact that fails fails only the rules that need it, and a failing sign stays silent", () => {
    const broken = defineFact<number>({
      id: "broken",
      derive: () => {
        throw new Error("no");
      },
    });
    const { outcomes, explained } = createDiagnosis(
      run(),
      [defineRule({ id: "a", title: "", why: "", needs: { broken }, check: () => [] }), rule("b", () => [])],
      [{ id: "s", needs: { broken }, explain: () => [] }],
    )();
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["failed", "checked"]);
    expect(explained).toEqual([]);
  });

  test("an optional fact that is absent arrives as null", () => {
    const missing = defineFact<number>({ id: "nothing", derive: () => undefined });
    let seen: unknown;
    const asking = defineRule({
      id: "a",
      title: "",
      why: "",
      needs: { missing: optional(missing) },
      check(facts) {
        seen = facts.missing;
        return [];
      },
    });
    createDiagnosis(run(), [asking], [])();
    expect(seen).toBeNull();
  });
});

describe("one fault is one finding", () => {
  const report = (...drafts: readonly [string, Partial<FindingDraft>, (readonly string[])?][]) => {
    const list = drafts.map(([id, over, signOf]) => rule(id, () => [draft(over)], signOf));
    const data = run();
    return toReport(data, createDiagnosis(data, list, [])());
  };
  const ids = (findings: readonly Finding[]): string[] => findings.map((finding) => finding.rule);

  test("a sign becomes evidence of the wider finding, and its rule is not called clean", () => {
    const { findings, clean } = report(["sign", { onset: { step: 7 } }, ["root"]], ["root", {}]);
    expect(ids(findings)).toEqual(["root"]);
    expect(findings[0]?.evidence).toEqual([{ series: null, step: 7, value: null, note: "title of sign: message" }]);
    expect(clean).toEqual([]);
  });

  test("a sign that leads into the wider finding is part of it; one that was over before is not", () => {
    expect(ids(report(["sign", { onset: { step: 3 } }, ["root"]], ["root", {}]).findings)).toEqual(["root"]);
    expect(ids(report(["sign", { onset: { step: 2 }, end: { step: 4 } }, ["root"]], ["root", {}]).findings)).toEqual([
      "sign",
      "root",
    ]);
  });

  test("nor is one that begins after the wider finding ended, or is more severe", () => {
    expect(ids(report(["sign", { onset: { step: 9 } }, ["root"]], ["root", { end: { step: 8 } }]).findings)).toEqual([
      "root",
      "sign",
    ]);
    expect(ids(report(["sign", { onset: { step: 9 } }, ["root"]], ["root", { severity: "warning" }]).findings)).toEqual(
      ["sign", "root"],
    );
  });

  test("signs of signs end at the root", () => {
    const { findings } = report(["c", { onset: { step: 9 } }, ["b"]], ["b", { onset: { step: 8 } }, ["a"]], ["a", {}]);
    expect(ids(findings)).toEqual(["a"]);
    expect(findings[0]?.evidence.length).toBeGreaterThan(0);
  });

  test("what belongs to a story is listed with its root", () => {
    const { findings } = report(["sign", { onset: { step: 7 } }, ["root"]], ["root", {}]);
    expect(findings[0]?.related).toEqual([
      { rule: "sign", severity: "error", title: "title of sign", message: "message", onset: { step: 7 } },
    ]);
    expect(report(["alone", {}]).findings[0]).not.toHaveProperty("related");
  });

  const causal = (cause: Partial<FindingDraft>, effect: Partial<FindingDraft>) => {
    const data = run();
    const list = [
      rule("effect", () => [draft(effect)]),
      defineRule({
        id: "cause",
        title: "title of cause",
        why: "",
        needs: { length },
        leadsTo: ["effect"],
        check: () => [draft(cause)],
      }),
    ];
    return toReport(data, createDiagnosis(data, list, [])()).findings;
  };

  test("a cause that comes no later takes over its consequences, and their severity", () => {
    const findings = causal({ severity: "warning", onset: { step: 3 } }, { severity: "error", onset: { step: 5 } });
    expect(findings.map(({ rule: id, severity }) => [id, severity])).toEqual([["cause", "error"]]);
    expect(findings[0]?.related?.map(({ rule: id }) => id)).toEqual(["effect"]);
  });

  test("one that comes later, or was over before, caused nothing", () => {
    expect(ids(causal({ onset: { step: 9 } }, { onset: { step: 5 } }))).toEqual(["effect", "cause"]);
    expect(ids(causal({ onset: { step: 1 }, end: { step: 2 } }, { onset: { step: 5 } }))).toEqual(["cause", "effect"]);
  });

  test("the same fault in several layers is told once, from where it began", () => {
    const data = run();
    const layers = rule("layers", () => [
      draft({ severity: "warning", onset: { step: 8, layer: "b" } }),
      draft({ severity: "warning", onset: { step: 5, layer: "a" } }),
      draft({ severity: "warning", onset: { step: 5, layer: "c" } }),
    ]);
    const { findings } = toReport(data, createDiagnosis(data, [layers], [])());
    expect(findings.map(({ onset }) => onset.layer)).toEqual(["a"]);
    expect(findings[0]?.related?.map(({ onset }) => onset.layer)).toEqual(["c", "b"]);
  });

  test("rules that each account for the other do not hang in a circle", () => {
    const { findings } = report(["a", {}, ["b"]], ["b", {}, ["a"]]);
    expect(ids(findings)).toEqual(["b"]);
  });

  test("findings are ordered by severity, then onset", () => {
    const { findings } = report(
      ["late", { onset: { step: 9 } }],
      ["info", { severity: "info", onset: { step: 1 } }],
      ["warning", { severity: "warning", onset: { step: 2 } }],
      ["early", { onset: { step: 3 } }],
    );
    expect(ids(findings)).toEqual(["early", "late", "warning", "info"]);
  });
});

describe("a growing run", () => {
  test("gives at each length what a fresh diagnosis of the same data gives", () => {
    const rows = healthyRows(random(2), usualShape).map((row, i) =>
      i > 150 ? { ...row, loss: Number.NaN } : i > 90 && i < 95 ? { ...row, loss: 20 } : row,
    );
    const growing = runOf({ rows: rows.slice(0, 5) });
    const diagnose = createDiagnosis(growing, rules, signs);
    for (let length = 6; length <= rows.length; length += 1) {
      appendRows(growing, rows.slice(length - 1, length));
      if (length === 100) growing.setConfig({ vocab_size: 3000, learning_rate: 0.5 });
      const fresh = runOf({ rows: rows.slice(0, length) });
      if (length >= 100) fresh.setConfig({ vocab_size: 3000, learning_rate: 0.5 });
      const expected = toReport(fresh, createDiagnosis(fresh, rules, signs)());
      expect(toReport(growing, diagnose())).toEqual(expected);
    }
  });

  test("derives nothing when nothing changed, and only what a change can reach", () => {
    const data = runOf({ rows: healthyRows(random(2), usualShape) });
    const diagnose = createDiagnosis(data, rules, signs);
    const all = diagnose().derived;
    expect(all).toBeGreaterThan(20);
    const before = diagnose();
    expect(before.derived).toBe(0);
    appendRows(data, [{ step: 5000, "layer.3/activation": 1 }]);
    expect(diagnose().derived).toBe(0);
    appendRows(data, [{ step: 5000, eval_loss: 2 }]);
    const afterEval = diagnose().derived;
    expect(afterEval).toBeGreaterThan(0);
    expect(afterEval).toBeLessThan(all / 2);
  });

  test("a live run of 1,000 series is diagnosed again at hardly any cost", () => {
    const data = new RunData({ ...noInfo, status: "running" });
    const rows = healthyRows(random(3), { ...usualShape, count: 2000, evalEvery: 50 });
    appendRows(data, rows.slice(0, 1900));
    const other = (from: number, count: number, step: number): void => {
      for (let i = from; i < from + count; i++)
        data.appendPoints({
          name: `layer.${i}/update_ratio`,
          labels: {},
          step: Float64Array.of(step),
          time: Float64Array.of(Number.NaN),
          value: Float64Array.of(i),
        });
    };
    other(0, 1000, 1);
    const diagnose = createDiagnosis(data, rules, signs);
    diagnose();
    // The median, because other work on the machine must not decide.
    const cost = (times: number, change: (i: number) => void): number => {
      const each = Array.from({ length: times }, (_, i) => {
        change(i);
        const start = performance.now();
        diagnose();
        return performance.now() - start;
      });
      return each.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
    };
    const unrelated = cost(50, (i) => other(0, 1000, i + 2));
    const grown = cost(50, (i) => appendRows(data, rows.slice(1900 + i, 1901 + i)));
    console.info(
      `1,000 series: ${unrelated.toFixed(3)} ms when nothing relevant changed, ${grown.toFixed(2)} ms when a loss of 1,900 rows grew`,
    );
    expect(unrelated).toBeLessThan(2);
    expect(grown).toBeLessThan(40);
  });

  test.each([2000, 24_000])("%d rows are diagnosed at once in a fraction of a second", (count) => {
    const data = runOf({ rows: healthyRows(random(4), { ...usualShape, count, tail: 0.02, evalEvery: 100 }) });
    const start = performance.now();
    createDiagnosis(data, rules, signs)();
    const ms = performance.now() - start;
    console.info(`${count} rows: ${ms.toFixed(0)} ms`);
    // On an idle core 20 and 60 ms; the bounds leave room for a busy machine.
    expect(ms).toBeLessThan(count > 10_000 ? 1000 : 400);
  });
});
