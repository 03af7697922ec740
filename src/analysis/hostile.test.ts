/** Whatever arrives is data: no run may make a rule or a sign fail, hang or report what is not JSON. */
import { expect, test } from "vitest";
import { Report } from "../model/report.ts";
import { fromWire, toJson } from "../model/number.ts";
import { createDiagnosis, rules, signs, toReport } from "./index.ts";
import { random, runOf, type Random, type Row } from "./synthetic.fixture.ts";

const names = [
  "loss",
  "eval_loss",
  "grad_norm",
  "learning_rate",
  "loss_scale",
  "eval_accuracy",
  "rewards/chosen",
  "rewards/rejected",
  "reward",
];
const odd = [
  0,
  -0,
  1,
  -1,
  1e308,
  -1e308,
  5e-324,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  65504,
];

const pick = <T>(next: Random, from: readonly T[]): T => {
  const item = from[next.integer(0, from.length - 1)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
};

function garbage(next: Random): Row[] {
  const used = names.filter(() => next.uniform() < 0.6);
  const wild = next.uniform();
  return Array.from({ length: next.integer(0, 120) }, (_, i): Row => {
    const row: Record<string, number> & { step: number } = {
      step: next.uniform() < 0.1 ? pick(next, [0, -1, 2 ** 53, 7]) : i,
    };
    if (next.uniform() < 0.5) row["time"] = next.uniform() < 0.1 ? pick(next, [Number.NaN, 0, -1, 1e15]) : i * 1000;
    for (const name of used)
      if (next.uniform() < 0.9) row[name] = next.uniform() < wild ? pick(next, odd) : next.normal();
    return row;
  });
}

test("500 runs of garbage are diagnosed without a failure, and reported as valid JSON", () => {
  let findings = 0;
  for (let seed = 1; seed <= 500; seed++) {
    const next = random(seed);
    const run = runOf({
      rows: garbage(next),
      config: {
        vocab_size: toText(pick(next, odd)),
        learning_rate: pick(next, ["", "auto", "NaN", "1e400", 0]),
        gradient_accumulation_steps: pick(next, [0, -1, 1, 8]),
        ["__proto__"]: 1,
      },
      records: [
        {
          message: pick(next, [
            "resumed from",
            "Continuing training from global step 99999999999999999999",
            "OVERFLOW! skipping step",
          ]),
        },
      ],
      info: {
        status: pick(next, ["running", "finished", "crashed"]),
        endedAt: pick(next, [null, 0, Number.MAX_SAFE_INTEGER]),
      },
      clock: pick(next, [0, 1e15, 120_000]),
    });
    const report = toReport(run, createDiagnosis(run, rules, signs)());
    expect(report.failed, `seed ${seed}`).toEqual([]);
    findings += report.findings.length;
    for (const document of [report, JSON.parse(toJson(report))]) {
      const parsed = Report.safeParse(document);
      expect(parsed.success, `seed ${seed}: ${parsed.error?.message}`).toBe(true);
    }
  }
  expect(findings).toBeGreaterThan(100);
});

const toText = (value: number): string | number =>
  fromWire(value) !== undefined && Number.isFinite(value) ? value : String(value);

test("steps that go back at every row cost no more than others", () => {
  const rows = 100_000;
  const row = (step: number, i: number): Row => ({ step, loss: 1 + (i % 7), learning_rate: 1 / (1 + (i % 5)) });
  const rising = runOf({ rows: Array.from({ length: rows }, (_, i) => row(i, i)) });
  const falling = runOf({ rows: Array.from({ length: rows }, (_, i) => row(rows - i, i)) });
  const [usual, odd] = [rising, falling].map((run) => {
    const start = performance.now();
    createDiagnosis(run, rules, signs)();
    return performance.now() - start;
  });
  expect(odd).toBeLessThan(10 * (usual ?? 0) + 500);
});

test("log lines are read once, however many there are", () => {
  const run = runOf({ rows: [{ step: 1, loss: 1 }] });
  const diagnose = createDiagnosis(run, rules, signs);
  const record = {
    time: null,
    level: "info",
    logger: null,
    message: "overflow ".repeat(50),
    exception: null,
    step: null,
    rank: null,
    group: "",
    role: null,
  } as const;
  run.append({ series: [], records: Array.from({ length: 20_000 }, () => record) });
  diagnose();
  const start = performance.now();
  for (let i = 0; i < 100; i++) {
    run.append({ series: [], records: [record] });
    diagnose();
  }
  expect((performance.now() - start) / 100).toBeLessThan(20);
});

test("a long line of words that begin an announcement costs no more than its length", () => {
  const run = runOf({ rows: [{ step: 1, loss: 1 }] });
  const record = {
    time: null,
    level: "info",
    logger: null,
    message: "start ".repeat(30_000),
    exception: null,
    step: null,
    rank: null,
    group: "",
    role: null,
  } as const;
  run.append({ series: [], records: [record, { ...record, message: "stage ".repeat(30_000) }] });
  const start = performance.now();
  createDiagnosis(run, rules, signs)();
  expect(performance.now() - start).toBeLessThan(1000);
});
