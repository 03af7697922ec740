/** Each sign on the run it is for, and its silence on one that is really at fault. */
import { describe, expect, test } from "vitest";
import { healthyFamilies } from "../healthy.fixture.ts";
import { reportOn } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rows = healthyRows(random(6), usualShape);
const signsOf = (story: Story): string =>
  reportOn(story)
    .explained.map((explanation) => explanation.sign)
    .join(" ");

const family = (name: string, seed = 1): Story => {
  const make = healthyFamilies.get(name);
  if (make === undefined) throw new Error(`no family ${name}`);
  return make(seed);
};

test("an ordinary run has nothing to explain", () => {
  expect(reportOn({ rows })).toMatchObject({ explained: [], findings: [] });
});

describe("signs", () => {
  test("a policy loss of 0", () => {
    expect(signsOf(family("policy"))).toContain("The loss starts at 0.");
    const broken = family("policy").rows.map((row): Row => ({ ...row, loss: 0, grad_norm: Number.NaN }));
    expect(signsOf({ rows: broken })).not.toContain("starts at 0");
    expect(reportOn({ rows: broken }).findings.map((finding) => finding.rule)).toEqual(["hidden-non-finite-loss"]);
  });

  test("a large gradient norm that is stable", () => {
    expect(signsOf(family("largeNorm"))).toMatch(/grad_norm is around [23]\d\d/);
    const diverging = family("largeNorm").rows.map((row, i): Row => (i < 100 ? row : { ...row, loss: 30 }));
    expect(signsOf({ rows: diverging })).not.toContain("grad_norm is around");
  });

  test("brief peaks of the gradient norm", () => {
    const peaks = rows.map((row, i): Row => (i % 60 === 59 ? { ...row, grad_norm: 40 } : row));
    expect(signsOf({ rows: peaks })).toContain("grad_norm peaked");
  });

  test("overflows that are skipped, in the log and in grad_norm", () => {
    expect(signsOf(family("fp16"))).toContain("because of an fp16 overflow");
    expect(signsOf(family("fp16"))).toContain("grad_norm was not a number in");
    const exhausted = {
      ...family("fp16"),
      records: [
        { message: "OVERFLOW! Skipping step" },
        { message: "Current loss scale already at minimum - cannot decrease scale anymore. Exiting run." },
      ],
    };
    expect(signsOf(exhausted)).not.toContain("because of an fp16 overflow");
  });

  test("both rewards of DPO falling", () => {
    expect(signsOf(family("preference"))).toContain("both fall");
    const rising = family("preference").rows.map((row, i): Row => ({ ...row, "rewards/chosen": 0.02 * i }));
    expect(signsOf({ rows: rising })).not.toContain("both fall");
  });

  test("a rise after the schedule raised the rate", () => {
    const restarted = rows.map((row, i): Row => {
      const phase = (i % 100) / 100;
      return {
        ...row,
        loss: (row["loss"] ?? 0) + (i >= 100 ? 2 * Math.exp(-(i - 100) / 4) : 0),
        learning_rate: 1e-3 * (1 - phase),
      };
    });
    expect(signsOf({ rows: restarted })).toContain("Loss rose at step");
    expect(reportOn({ rows: restarted }).findings).toEqual([]);
  });

  test("a rise of the training loss beside a held-out loss that goes on falling", () => {
    const story = (held: number): Story => ({
      rows: rows.flatMap((row, i): Row[] => {
        const { eval_loss: _, ...training } = row;
        const loss = (row["loss"] ?? 0) * (i >= 100 ? 2 : 1);
        const evaluated = i % 25 === 24 ? [{ step: row.step, eval_loss: i < 100 ? 4 - i / 100 : held - i / 400 }] : [];
        return [{ ...training, loss }, ...evaluated];
      }),
    });
    expect(signsOf(story(3))).toContain("and stays there");
    expect(reportOn(story(3)).findings).toEqual([]);
    expect(signsOf(story(6))).not.toContain("and stays there");
    expect(reportOn(story(6)).findings.map(({ rule }) => rule)).toEqual(["loss-divergence"]);
  });

  test("a rise where the log announces other training data", () => {
    const step = rows[120]?.step ?? 0;
    const story = (message: string, height = 1.5, at = step, held = 1): Story => ({
      rows: rows.map((row, i): Row => {
        const loss = (row["loss"] ?? 0) + (i >= 120 ? height * Math.exp((120 - i) / 12) : 0);
        const { eval_loss: _, ...training } = row;
        return i % 50 === 49
          ? { ...training, loss, eval_loss: (i > 120 ? held : 1) * (4 - i / 100) }
          : { ...training, loss };
      }),
      records: [{ message, step: at - 1 }],
    });
    const rulesOf = (one: Story): string[] =>
      reportOn(one)
        .findings.filter(({ severity }) => severity === "warning")
        .map(({ rule }) => rule);
    for (const message of [
      "> building train datasets of the second stage: blend 0.165 0.34",
      "Switching data mixture to anneal.yaml",
      "curriculum: sequence length is now 2048",
      "Closing dataloader mosaic",
    ]) {
      expect(signsOf(story(message))).toContain("announces other training data");
      expect(rulesOf(story(message))).toEqual([]);
    }
    // Another line, a line of long before, held-out data that got worse.
    for (const one of [
      story("opened shard 17 of 40"),
      story("Switching data mixture to anneal.yaml", 1.5, rows[60]?.step),
      story("Switching data mixture to anneal.yaml", 1.5, step, 2),
    ]) {
      expect(signsOf(one)).not.toContain("announces other training data");
      expect(rulesOf(one)).toContain("loss-spike");
    }
  });

  test("a start below chance, and a held-out loss below the training loss", () => {
    expect(signsOf({ rows, config: { vocab_size: 10_000_000 } })).toContain("below ln(10000000)");
    const smoothed = rows.map((row): Row => ({ ...row, loss: (row["loss"] ?? 0) * 1.3 }));
    expect(signsOf({ rows: smoothed })).toContain("lower than training loss");
  });

  test("a held-out loss that rises while the task metric improves", () => {
    expect(signsOf(family("surer"))).toContain("Held-out loss rose");
  });

  test("silence at the end of a run that went well", () => {
    const last = rows.at(-1)?.time ?? 0;
    expect(signsOf({ rows, info: { status: "finished", endedAt: last + 600_000 } })).toContain("in the last 10 min");
    expect(signsOf({ rows, info: { status: "crashed", endedAt: last + 600_000 } })).not.toContain("Nothing was logged");
  });
});
