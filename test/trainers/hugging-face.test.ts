import { expect, test } from "vitest";
import { has, rowsOf, trainings, type Trained } from "./trainer.ts";

const { train } = trainings();
const canTrain = has("torch", "transformers", "accelerate");
const canTune = canTrain && has("trl", "datasets");

const common =
  "--output_dir out --max_steps 120 --logging_steps 2 --per_device_train_batch_size 8 --eval_strategy steps --eval_steps 40 --save_steps 60 --report_to none --use_cpu";
const trainer = async (learningRate: string, fault = ""): Promise<Trained> =>
  train("hf_trainer.py", { args: [...common.split(" "), "--learning_rate", learningRate], env: { FAULT: fault } });

/** Every point that the trainer knows, at its step, once. */
async function expectAllPoints(trained: Trained, metrics: readonly string[]): Promise<void> {
  const { step, history } = trained.history();
  expect(trained.report.run.lastStep).toBe(step);
  for (const metric of metrics) {
    const wanted = rowsOf(history, metric);
    expect(wanted.length, metric).toBeGreaterThan(0);
    const points = await trained.points(metric);
    expect(
      points.map(([at]) => at),
      metric,
    ).toEqual(wanted.map(([at]) => at));
    // Transformers 5 prints four significant digits.
    const isPrinted = (i: number, value: number): boolean =>
      Object.is(points[i]?.[1], value) || Math.abs((points[i]?.[1] ?? NaN) - value) <= 5.01e-4 * Math.abs(value);
    expect(
      wanted.filter(([, value], i) => !isPrinted(i, value)),
      metric,
    ).toEqual([]);
    expect(trained.series.get(metric)?.segments, metric).toBe(1);
  }
}

const found = ({ report }: Trained): unknown => report.findings.map(({ rule, severity }) => [rule, severity]);

test.skipIf(!canTrain)("a healthy Trainer: every point once, nothing found", { timeout: 90_000 }, async () => {
  const trained = await trainer("2e-3");
  expect([trained.status, found(trained)]).toEqual([0, []]);
  await expectAllPoints(trained, ["loss", "grad_norm", "learning_rate", "eval_loss", "eval_runtime"]);
  expect(trained.report.run.dialect).toBe("hf");
  expect(await trained.run()).toMatchObject({ status: "finished", exitStatus: 0, config: { max_steps: 120 } });
  // Both checkpoints hold what was printed: 60 rows of loss up to the last one, and 30 up to the first.
  expect(trained.stderr).toMatch(/Also read: .*checkpoint-(60|120).trainer_state\.json/);
  expect(trained.stderr).toMatch(/\d+ points came both printed and from a file, and were taken once/);
  expect(trained.stderr).not.toMatch(/left out/i);
});

test.skipIf(!canTrain)("a learning rate far too high", { timeout: 90_000 }, async () => {
  const trained = await trainer("5");
  expect(found(trained)).toEqual([["loss-divergence", "error"]]);
  const [finding] = trained.report.findings;
  expect(finding?.onset.step).toBeLessThanOrEqual(6);
  expect(finding?.advice.flatMap(({ changes }) => changes)).toContainEqual({ key: "learning_rate", from: 5, to: 0.5 });
});

test.skipIf(!canTrain)("a NaN loss that the Trainer logs as 0", { timeout: 90_000 }, async () => {
  const trained = await trainer("2e-3", "nan");
  expect(found(trained)).toEqual([["hidden-non-finite-loss", "error"]]);
  const [finding] = trained.report.findings;
  // The loss is NaN from step 31 on; rows come every 2 steps.
  expect(Math.abs((finding?.onset.step ?? 0) - 32)).toBeLessThanOrEqual(4);
  const keys = finding?.advice.flatMap(({ changes }) => changes.map(({ key }) => key));
  expect(keys).toContain("logging_nan_inf_filter");
  await expectAllPoints(trained, ["loss", "grad_norm"]);
});

test.skipIf(!canTrain)("labels that are all -100", { timeout: 90_000 }, async () => {
  const trained = await trainer("2e-3", "labels");
  expect(found(trained)).toEqual([["masked-labels", "error"]]);
  expect(trained.report.findings[0]?.onset.step).toBe(2);
  await expectAllPoints(trained, ["loss", "eval_loss"]);
});

test.skipIf(!canTune)("SFTTrainer", { timeout: 90_000 }, async () => {
  const trained = await train("trl_sft.py");
  expect([trained.status, found(trained)]).toEqual([0, []]);
  await expectAllPoints(trained, ["loss", "grad_norm", "entropy", "mean_token_accuracy", "num_tokens"]);
  expect(trained.report.run.dialect).toBe("trl");
});

test.skipIf(!canTune)("DPOTrainer", { timeout: 90_000 }, async () => {
  const trained = await train("trl_dpo.py");
  expect([trained.status, found(trained)]).toEqual([0, []]);
  await expectAllPoints(trained, ["loss", "rewards/margins", "rewards/accuracies", "logps/chosen"]);
});

test.skipIf(!canTune)(
  "GRPOTrainer: a loss of 0 at the start is explained, not alarmed",
  { timeout: 90_000 },
  async () => {
    const trained = await train("trl_grpo.py");
    expect([trained.status, found(trained)]).toEqual([0, []]);
    expect(trained.report.explained.map(({ sign }) => sign)).toContain("The loss starts at 0.");
    await expectAllPoints(trained, ["loss", "reward", "entropy", "completions/mean_length"]);
  },
);
