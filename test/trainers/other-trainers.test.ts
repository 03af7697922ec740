import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { has, trainings } from "./trainer.ts";

const { train } = trainings();

/** Rows of a CSV file that have this column, as numbers. */
function column(path: string, name: string): number[] {
  const [header = "", ...rows] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const at = header.split(",").indexOf(name);
  expect(at, name).toBeGreaterThanOrEqual(0);
  return rows.flatMap((row) => (row.split(",")[at] ? [Number(row.split(",")[at])] : []));
}

test.skipIf(!has("torch", "lightning"))("Lightning with CSVLogger and progress bar", { timeout: 90_000 }, async () => {
  const trained = await train("lightning_trainer.py");
  expect([trained.status, trained.report.findings]).toEqual([0, []]);
  const state = z.object({ step: z.number(), csv: z.string() }).parse(JSON.parse(trained.historyText()));
  expect(state.step).toBe(168);
  const path = join(trained.directory, state.csv);
  for (const metric of ["train_loss", "val_loss"]) {
    const points = await trained.points(metric);
    expect(points.map(([, value]) => value)).toEqual(column(path, metric));
    expect(trained.series.get(metric)).toMatchObject({ segments: 1, lastStep: state.step - 1 });
  }
  expect(trained.report.run.dialect).toBe("lightning");
});

test.skipIf(!has("torch", "keras"))("Keras with CSVLogger and progress bar", { timeout: 90_000 }, async () => {
  const trained = await train("keras_fit.py");
  expect([trained.status, trained.report.findings]).toEqual([0, []]);
  const history = z.record(z.string(), z.array(z.number())).parse(JSON.parse(trained.historyText()));
  // 512 examples, an eighth of them held out, 16 a batch.
  const perEpoch = 28;
  for (const metric of ["loss", "mae", "val_loss", "val_mae"]) {
    const points = new Map(await trained.points(metric));
    const ends = history[metric]?.map((_, epoch) => points.get((epoch + 1) * perEpoch) ?? Number.NaN) ?? [];
    expect(ends, metric).toHaveLength(8);
    history[metric]?.forEach((value, epoch) => expect(Math.abs((ends[epoch] ?? NaN) - value)).toBeLessThan(6e-5));
    expect(trained.series.get(metric), metric).toMatchObject({ segments: 1, lastStep: 8 * perEpoch });
  }
  expect(await trained.points("val_loss")).toHaveLength(8);
  expect(trained.stderr).toMatch(/32 points came both printed and from a file, and were taken once/);
});
