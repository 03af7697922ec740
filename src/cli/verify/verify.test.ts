/** On real runs: examples/translate with a learning rate of 0.3, and with the advice of its finding applied. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { Verification } from "../../model/verification.ts";
import type { Terminal } from "../command.ts";
import { createStyle } from "../terminal/style.ts";
import { verify } from "./verify.ts";

const fixture = (name: string): string => join(import.meta.dirname, "../../../fixtures", name);
const before = [1, 2, 3].map((seed) => fixture(`verify/lr-too-high-seed${seed}`));
const after = [1, 2, 3].map((seed) => fixture(`verify/lr-lowered-seed${seed}`));

async function run(
  operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<{ status: number; out: string }> {
  let out = "";
  const style = createStyle({ isTTY: false }, { COLUMNS: "100" });
  const terminal: Terminal = {
    out: (text) => void (out += text),
    err: (text) => void (out += text),
    outStyle: style,
    errStyle: style,
  };
  const status = await verify({ operands, options, env: {}, terminal });
  return { status, out };
}

const verified = async (operands: readonly string[], against: readonly string[]): Promise<Verification> => {
  const { status, out } = await run(operands, { against, json: true });
  expect(status).toBe(0);
  return Verification.parse(JSON.parse(out));
};

test("the advice of the finding, applied with three seeds, helped", async () => {
  const result = await verified(before, after);
  expect(result.verdict).toBe("helped");
  expect(result.comparison).toMatchObject({ metric: "eval_loss", step: 120, design: "paired", n: 3 });
  expect(result.faults).toMatchObject([{ rule: "loss-divergence", state: "gone" }]);
  const lowered = result.applied.find(({ advice }) => advice === "lower-learning-rate");
  expect(lowered).toMatchObject({ state: "applied", rule: "loss-divergence" });
  expect(result.otherChanges).toEqual([]);
  expect(result.guards.every(({ state }) => state !== "worse")).toBe(true);
});

test("one rerun of it shows nothing, and says which commands would", async () => {
  const result = await verified(before.slice(0, 1), after.slice(0, 1));
  expect(result.verdict).toBe("not-shown");
  expect(result.next).toHaveLength(4);
  expect(result.next[2]).toMatchObject({
    side: "after",
    seed: 2,
    command:
      "python examples/translate/train.py --fault lr-too-high --max_steps 120 --eval_steps 40 --seed 2 --learning_rate 0.03 --warmup_steps 100 --output_dir out/lr-lowered-seed2",
  });
});

test("other runs: the longer ones are compared where the shorter end, and what else changed is said", async () => {
  const result = await verified(
    [1, 2].map((seed) => fixture(`translate-lr-too-high-seed${seed}`)),
    [1, 2, 3].map((seed) => fixture(`translate-healthy-seed${seed}`)),
  );
  expect(result.verdict).toBe("not-shown");
  expect(result.comparison?.step).toBe(150);
  expect(result.applied.map(({ advice, state }) => [advice, state])).toEqual([
    ["lower-learning-rate", "partly"],
    ["clip-gradients", "applied"],
  ]);
  expect(result.otherChanges.map(({ key }) => key)).toEqual(["lr_scheduler_type", "max_steps", "weight_decay"]);
});

test("labels that were all masked: the evaluation loss was never a number, and counts as no learning", async () => {
  const result = await verified([fixture("translate-masked-labels-seed1")], [fixture("translate-healthy-seed1")]);
  expect(result.comparison?.metric).toBe("eval_loss");
  expect(result.before[0]).toMatchObject({ note: expect.stringContaining("never finite") });
});

test("for people: the verdict first, seeds side by side, the advice that was applied", async () => {
  const { out } = await run(before, { against: after });
  expect(out.split("\n")[0]).toMatch(/^\S Helped: eval_loss -12\.9 \[-17\.\d+, -8\.\d+\], 3 seeds\.$/);
  expect(out).toMatch(/learning_rate: 0\.3 \S+ 0\.03/);
  expect(out).toContain('"Loss diverges" is gone in all 3 runs after.');
});

test("--fail-on decides the status", async () => {
  const single = { against: after.slice(0, 1) };
  expect((await run(before.slice(0, 1), single)).status).toBe(0);
  expect((await run(before.slice(0, 1), { ...single, failOn: "did-not-help" })).status).toBe(0);
  expect((await run(before.slice(0, 1), { ...single, failOn: "not-shown" })).status).toBe(1);
  expect((await run(after, { against: before, failOn: "did-not-help" })).status).toBe(1);
  expect((await run(before, { against: after, failOn: "not-shown" })).status).toBe(0);
});

test.each([
  ["no --against", {}, /--against/],
  ["the same run twice", { against: [before[0]] }, /both sides/],
  [
    "an unknown metric",
    { against: after, metric: "nothing" },
    /No run has the metric nothing. They have eval_loss, loss, eval_accuracy/,
  ],
  ["a metric whose direction is unknown", { against: after, metric: "epoch" }, /--better/],
])("%s is a usage error", async (_, options, message) => {
  await expect(run(before, options)).rejects.toThrow(message);
});
