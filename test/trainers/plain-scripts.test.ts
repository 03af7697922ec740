import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { has, trainings, trainUnwatched } from "./trainer.ts";

const { train, dir } = trainings();
const canRun = has("json");

test.skipIf(!canRun)("a script with the SDK joins the run", { timeout: 60_000 }, async () => {
  const trained = await train("sdk.py");
  expect([trained.status, trained.runsOfProject]).toEqual([0, 1]);
  // A script that ends before the first server is up leaves its points on disk; the server takes them within 10 s.
  const logged = await vi.waitUntil(
    async () => ((await trained.points("train/loss")).length === 100 ? await trained.points("train/loss") : undefined),
    { timeout: 20_000, interval: 200 },
  );
  expect(logged.map(([step]) => step)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  expect(trained.series.get("loss")).toMatchObject({ count: 10, segments: 1, lastStep: 100 });
  expect(await trained.run()).toMatchObject({ status: "finished", config: { learning_rate: 0.01 } });
});

test.skipIf(!canRun)(
  "an exception is one record, the run has crashed, its status is kept",
  { timeout: 60_000 },
  async () => {
    const trained = await train("crash.py");
    expect(trained.status).toBe(1);
    expect(await trained.run()).toMatchObject({ status: "crashed", exitStatus: 1 });
    expect(trained.series.get("loss")).toMatchObject({ count: 30, lastStep: 30 });
    const errors = trained.records.filter(({ exception }) => exception !== null);
    expect(errors.map(({ message, step }) => [message, step])).toEqual([
      ["RuntimeError: cannot train on batch 31", 30],
    ]);
    expect(trained.records.filter(({ level }) => level === "error")).toHaveLength(1);
  },
);

test.skipIf(!canRun)(
  "files of another training in the same directory are left out, and said",
  { timeout: 60_000 },
  async () => {
    const directory = join(dir, "shared");
    mkdirSync(directory);
    trainUnwatched("neighbour.py", ["b", "7", "200"], directory);
    const trained = await train("neighbour.py", { args: ["a", "1", "120"], directory });
    expect([trained.status, trained.report.findings]).toEqual([0, []]);
    expect(trained.series.get("loss")).toMatchObject({ count: 120, segments: 1, lastStep: 600 });
    expect(Number(trained.series.get("loss")?.max)).toBeLessThan(3.1);
    expect(trained.stderr).toMatch(/Left out as another run's: .*b\/checkpoint-200\/trainer_state\.json/);
    expect(trained.stderr).toMatch(/Also read: .*a\/metrics\.csv/);
  },
);

test.skipIf(!canRun)(
  "with an output directory on the command line only that one is read",
  { timeout: 60_000 },
  async () => {
    const directory = join(dir, "named");
    mkdirSync(directory);
    trainUnwatched("neighbour.py", ["b", "7", "200"], directory);
    const trained = await train("neighbour.py", { args: ["a", "1", "120", "--output_dir", "a"], directory });
    expect(trained.series.get("loss")).toMatchObject({ count: 120, segments: 1 });
    expect(trained.stderr).toMatch(/Also read: a\//);
    expect(trained.stderr).not.toContain("b/");
  },
);
