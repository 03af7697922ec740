import { describe, expect, test } from "vitest";
import type { FlatConfig } from "../../model/config.ts";
import { isVerified } from "../../model/verification.ts";
import { reportOn } from "../outcome.fixture.ts";
import { random, runOf, type Row } from "../synthetic.fixture.ts";
import type { JudgedRun } from "./judged-run.ts";
import { withSeed } from "./next-runs.ts";
import { seedOf, verifyRuns } from "./verify.ts";

interface Shape {
  readonly end: number;
  readonly seed: number | null;
  readonly config?: FlatConfig;
  readonly steps?: number;
  readonly broken?: boolean;
  readonly accuracy?: number;
}

/** A run whose losses fall to `end`, which already holds the luck of its seed. */
function run({ end, seed, config = {}, steps = 400, broken = false, accuracy = 0.9 }: Shape): JudgedRun {
  const next = random((seed ?? 7) * 31 + 1);
  const rows: Row[] = [];
  for (let step = 10; step <= steps; step += 10) {
    const shape = end + (6 - end) * Math.exp(-step / 60);
    const isLost = broken && step > 200;
    rows.push({
      step,
      loss: isLost ? Number.NaN : shape * (1 + 0.02 * next.normal()),
      grad_norm: isLost ? Number.NaN : 1 + 0.1 * next.normal(),
      learning_rate: 1e-3,
      ...(step % 50 === 0 ? { eval_loss: isLost ? Number.NaN : shape, eval_accuracy: accuracy } : {}),
    });
  }
  const story = { rows, config: { learning_rate: 1e-3, ...(seed === null ? {} : { seed }), ...config } };
  return {
    id: null,
    name: `seed${seed} ${end}`,
    data: runOf(story),
    report: reportOn(story),
    command: ["python", "train.py", "--seed", String(seed)],
  };
}

const group = (ends: readonly number[], more: Partial<Shape> = {}): JudgedRun[] =>
  ends.map((end, i) => run({ end, seed: i + 1, ...more }));

describe("the verdict", () => {
  test("helped: three seeds agree on a difference far above their spread", () => {
    const result = verifyRuns(group([2, 2.01, 1.99]), group([1.5, 1.52, 1.49]));
    expect(result.verdict).toBe("helped");
    expect(result.comparison).toMatchObject({ metric: "eval_loss", design: "paired", n: 3, state: "better" });
    expect(result.statement).toMatch(/^Helped: eval_loss -0\.49\d? \[-0\.5\d*, -0\.4\d*\], 3 seeds\.$/);
    expect(isVerified(result)).toBe(true);
  });

  test.each([1, 2])("never from %i reruns, however large the difference", (n) => {
    const result = verifyRuns(group([5, 5, 5].slice(0, n)), group([0.1, 0.1, 0.1].slice(0, n)));
    expect(result.verdict).toBe("not-shown");
    expect(result.next.map(({ side, seed }) => `${side} ${seed}`)).toEqual(
      n === 1 ? ["before 2", "before 3", "after 2", "after 3"] : ["before 3", "after 3"],
    );
    expect(result.next[0]?.command).toBe(`python train.py --seed ${n + 1}`);
  });

  test.each([
    ["copies of a run", (): JudgedRun => run({ end: 5, seed: 1 }), (): JudgedRun => run({ end: 1, seed: 1 })],
    ["copies that name no seed", () => run({ end: 5, seed: null }), () => run({ end: 1, seed: null })],
  ])("never from %s: one seed is one run", (_, from, to) => {
    const result = verifyRuns([from(), from(), from()], [to(), to(), to()]);
    expect(result.verdict).toBe("not-shown");
    expect(result.statement).toMatch(/^Not shown: one rerun cannot tell/);
    expect(result.after.map(({ note }) => note)).toEqual([
      null,
      ...Array(2).fill(expect.stringContaining("the same points as")),
    ]);
    expect(result.next.length).toBeGreaterThan(0);
  });

  test("never from one seed run three times with points that differ", () => {
    const again = (ends: readonly number[]): JudgedRun[] => ends.map((end) => run({ end, seed: 1 }));
    const result = verifyRuns(again([2, 2.01, 1.99]), again([1.5, 1.52, 1.49]));
    expect(result.verdict).toBe("not-shown");
    expect(result.statement).toMatch(/^Not shown: one seed cannot tell/);
    expect(result.comparison?.n).toBe(1);
    // Against other seeds there is nothing to pair, and one seed is still one.
    expect(verifyRuns(again([2, 2.01, 1.99]), group([1.5, 1.52, 1.49]).slice(1)).verdict).toBe("not-shown");
    // Without a recorded seed, points that differ are other runs.
    const unknown = (ends: readonly number[]): JudgedRun[] => ends.map((end) => run({ end, seed: null }));
    expect(verifyRuns(unknown([2, 2.01, 1.99]), unknown([1.5, 1.52, 1.49])).verdict).toBe("helped");
  });

  test("one rerun says so in its sentence", () => {
    expect(verifyRuns(group([5]), group([1])).statement).toMatch(/^Not shown: one rerun cannot tell/);
  });

  test("not shown: within the spread of the seeds", () => {
    const result = verifyRuns(group([2, 2.4, 1.6]), group([1.5, 2.3, 1.9]));
    expect(result.verdict).toBe("not-shown");
    expect(result.statement).toContain("may be chance");
  });

  test("did not help: worse", () => {
    expect(verifyRuns(group([1.5, 1.52, 1.49]), group([2, 2.01, 1.99])).verdict).toBe("did-not-help");
  });

  test("did not help: no room for an improvement that matters", () => {
    const result = verifyRuns(group([2, 2.01, 1.99]), group([2.001, 2.01, 1.99]));
    expect(result.verdict).toBe("did-not-help");
    expect(result.statement).toContain("less than 1 %");
  });

  test("did not help: the fault is there in every run as before", () => {
    const result = verifyRuns(group([2, 2, 2], { broken: true }), group([2, 2, 2], { broken: true, config: { x: 1 } }));
    expect(result.verdict).toBe("did-not-help");
    expect(result.faults[0]).toMatchObject({ rule: "non-finite-loss", state: "still-there" });
  });

  test("a run that lost its numbers counts as one that learned nothing", () => {
    const result = verifyRuns(group([2, 2.01, 1.99], { broken: true }), group([2, 2.01, 1.99]));
    expect(result.verdict).toBe("helped");
    expect(result.before[0]?.note).toContain("counted as where it began");
    expect(result.faults).toMatchObject([{ rule: "non-finite-loss", state: "gone" }]);
  });

  test("what got worse besides is said, and keeps it from being called verified", () => {
    const result = verifyRuns(group([2, 2.01, 1.99]), group([1.5, 1.52, 1.49], { accuracy: 0.6 }));
    expect(result.verdict).toBe("helped");
    expect(result.guards.find(({ metric }) => metric === "eval_accuracy")?.state).toBe("worse");
    expect(result.statement).toContain("but eval_accuracy got worse");
    expect(isVerified(result)).toBe(false);
  });
});

describe("what the runs cannot tell", () => {
  test("not that a change did not help, on a metric in which the fault does not show, when the fault is gone", () => {
    const finding = (rule: string) => {
      const [one] = run({ end: 2, seed: 1, broken: true }).report.findings;
      if (one === undefined) throw new Error("a broken run has a finding");
      return { ...one, rule, title: `Fault ${rule}` };
    };
    const had = (rule: string): JudgedRun[] =>
      group([2, 2.01, 1.99]).map((one) => ({ ...one, report: { ...one.report, findings: [finding(rule)] } }));
    for (const rule of ["input-bound", "stalled-run", "desynchronised-ranks", "length-explosion", "entropy-collapse"])
      for (const ends of [
        [2.001, 2.01, 1.99],
        [2.5, 2.51, 2.49],
      ]) {
        const after = group(ends).map((one) => ({ ...one, report: { ...one.report, notApplicable: [] } }));
        const result = verifyRuns(had(rule), after);
        expect(result.verdict, rule).toBe("not-shown");
        expect(result.statement).toContain(`though "Fault ${rule}" is gone`);
      }
    expect(verifyRuns(had("loss-plateau"), group([2.5, 2.51, 2.49])).verdict).toBe("did-not-help");
    expect(verifyRuns(had("input-bound"), group([2.5, 2.51, 2.49]), { metric: "eval_loss" }).verdict).toBe(
      "did-not-help",
    );
  });

  test("runs of different programs are not one experiment", () => {
    const settings = (prefix: string): FlatConfig =>
      Object.fromEntries([1, 2, 3, 4, 5, 6].map((i) => [`${prefix}${i}`, i]));
    const gpt = group([2, 2.01, 1.99], { config: settings("gpt") });
    const cnn = group([1, 1.01, 0.99], { config: settings("cnn") }).map((one) => ({
      ...one,
      command: ["python", "cnn.py"],
    }));
    const result = verifyRuns(gpt, cnn);
    expect(result.verdict).toBe("not-shown");
    expect(result.statement).toBe(
      "Not shown: the runs are not of the same experiment; they ran train.py and cnn.py, 2 of 14 settings are common to both.",
    );
    expect(result.applied).toEqual([]);
    expect(result.next).toEqual([]);
  });

  test("which command to run, when both sides have the same one and other settings", () => {
    const result = verifyRuns(group([5]), group([1], { config: { learning_rate: 1e-4 } }));
    expect(result.next.map(({ command }) => command)).toEqual([null, null, null, null]);
  });
});

describe("a fair comparison", () => {
  test("at a step that all runs evaluated, so that a longer run is not better for it", () => {
    const result = verifyRuns(group([2, 2.01, 1.99]), group([2, 2.01, 1.99], { steps: 800 }));
    expect(result.comparison?.step).toBe(400);
    expect(result.verdict).not.toBe("helped");
    expect(verifyRuns(group([2, 2.01, 1.99], { steps: 100 }), group([2, 2.01, 1.99]), { at: "end" }).verdict).toBe(
      "helped",
    );
  });

  test("without seeds that match it is Welch's", () => {
    const before = [1, 2, 3].map((seed) => run({ end: 2 + seed / 100, seed }));
    const after = [11, 12, 13].map((seed) => run({ end: 1.5 + (seed - 10) / 100, seed }));
    expect(verifyRuns(before, after).comparison).toMatchObject({ design: "unpaired", n: 3 });
    expect(verifyRuns(before, after).verdict).toBe("helped");
  });

  test("a metric by name, and its direction", () => {
    const result = verifyRuns(group([2, 2, 2], { accuracy: 0.5 }), group([2, 2, 2], { accuracy: 0.8 }), {
      metric: "eval_accuracy",
    });
    expect(result.comparison).toMatchObject({ better: "higher", state: "better" });
    const turned = verifyRuns(group([2, 2, 2], { accuracy: 0.5 }), group([2, 2, 2], { accuracy: 0.8 }), {
      metric: "eval_accuracy",
      better: "lower",
    });
    expect(turned.verdict).toBe("did-not-help");
  });

  test("two configurations that are the same are called helped in at most 2.5 % of trials", () => {
    const next = random(5);
    const lucky = (): number => 2 + 0.05 * next.normal();
    let helped = 0;
    const trials = 150;
    for (let i = 0; i < trials; i++) {
      const [before, after] = [group([lucky(), lucky(), lucky()]), group([lucky(), lucky(), lucky()])];
      if (verifyRuns(before, after).verdict === "helped") helped += 1;
    }
    // 2.5 % of 150 and three standard errors.
    expect(helped).toBeLessThanOrEqual(9);
  });
});

test("the seed of a configuration", () => {
  expect(
    seedOf(
      new Map<string, string | number>([
        ["data.seed", 5],
        ["seed", 3],
      ]),
    ),
  ).toBe(3);
  expect(seedOf(new Map([["data_seed", 5]]))).toBeNull();
  expect(seedOf(new Map([["training.seed", "7"]]))).toBe("7");
});

test("the command with another seed writes somewhere else", () => {
  expect(withSeed(["python", "t.py", "--seed=1", "--output_dir", "out/a-seed1"], 2)).toBe(
    "python t.py --seed=2 --output_dir out/a-seed2",
  );
  expect(withSeed(["python", "t.py", "--output-dir=out a"], 2)).toBe("python t.py '--output-dir=out a-seed2' --seed 2");
  expect(withSeed(["torchrun", "t.py", "training.seed=4"], 5)).toBe("torchrun t.py training.seed=5");
});

describe("the metric that decides", () => {
  const story = (rows: Row[], seed: number, dialect: string | null = "hf"): JudgedRun => {
    const config = { learning_rate: 1e-3, seed };
    return {
      id: null,
      name: `seed${seed}`,
      data: runOf({ rows, config, info: { dialect } }),
      report: reportOn({ rows, config, info: { dialect } }),
    };
  };
  const steps = Array.from({ length: 60 }, (_, i) => 10 * (i + 1));
  const masked = (seed: number): JudgedRun => {
    const next = random(seed);
    return story(
      steps.map((step) => ({
        step,
        loss: 0,
        grad_norm: 0,
        learning_rate: 1e-3 * (0.9 + 0.1 * next.uniform()),
        ...(step % 50 === 0 ? { eval_loss: Number.NaN } : {}),
      })),
      seed,
    );
  };

  test("a loss that was never a number counts as no learning, and the logged 0 is not taken for a loss", () => {
    const result = verifyRuns([1, 2, 3].map(masked), group([2, 2.01, 1.99]));
    expect(result.comparison?.metric).toBe("eval_loss");
    expect(result.verdict).toBe("helped");
    expect(result.before[0]?.note).toContain("never finite");
    expect(result.guards.map(({ metric }) => metric)).not.toContain("loss");
    expect(verifyRuns(group([2, 2.01, 1.99]), [1, 2, 3].map(masked)).verdict).toBe("did-not-help");
  });

  test("of a policy the reward, whatever its loss does", () => {
    const policy = (reward: number, seed: number): JudgedRun => {
      const next = random(seed);
      return story(
        steps.map((step) => ({ step, loss: next.normal() / 100, reward: reward + next.normal() / 50, kl: 0.01 })),
        seed,
        "trl",
      );
    };
    const before = [1, 2, 3].map((seed) => policy(0.3, seed));
    const after = [1, 2, 3].map((seed) => policy(0.7, seed + 3));
    const result = verifyRuns(before, after);
    expect(result.comparison).toMatchObject({ metric: "reward", better: "higher", state: "better" });
  });

  test("a training loss that rises while the held-out loss falls is no harm", () => {
    const fitted = (train: number, held: number, seed: number): JudgedRun => {
      const next = random(seed);
      const at = (step: number, end: number): number => end + 4 * Math.exp(-step / 60);
      return story(
        steps.map((step) => ({
          step,
          loss: at(step, train) * (1 + 0.01 * next.normal()),
          ...(step % 50 === 0 ? { eval_loss: at(step, held) } : {}),
        })),
        seed,
      );
    };
    const result = verifyRuns(
      [1, 2, 3].map((seed) => fitted(0.1, 3 + seed / 100, seed)),
      [1, 2, 3].map((seed) => fitted(1.5, 2 + seed / 100, seed)),
    );
    expect(result.verdict).toBe("helped");
    expect(result.guards).toEqual([]);
  });

  test("a speed that the load of the machine explains is no difference", () => {
    const timed = (rate: number, seed: number): JudgedRun => {
      const next = random(seed);
      return story(
        steps.map((step) => ({ step, loss: 2 + next.normal() / 50, steps_per_second: rate + next.normal() / 1000 })),
        seed,
      );
    };
    const sides = (after: number) =>
      verifyRuns(
        [1, 2, 3].map((seed) => timed(10, seed)),
        [1, 2, 3].map((seed) => timed(after, seed + 10)),
        { metric: "steps_per_second" },
      ).comparison?.state;
    expect(sides(9.7)).toBe("no-difference");
    expect(sides(8)).toBe("worse");
    expect(sides(13)).toBe("better");
  });
});
