import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bin, environment, workplace } from "./llmdbg.ts";

const { dir } = workplace();

/** What an idle machine needs for an empty Node process; on a busy or slow one the limits grow in proportion. */
const bareMs = 45;

function fastest(args: readonly string[]): number {
  const times = Array.from({ length: 7 }, () => {
    const from = performance.now();
    spawnSync(process.execPath, args, { env: environment(), stdio: "ignore" });
    return performance.now() - from;
  });
  return Math.min(...times);
}

test.each([
  [2000, 300],
  [24_000, 1000],
])("diagnose --json of %i log rows takes less than %i ms, process start included", (n, limit) => {
  const log_history = Array.from({ length: n }, (_, i) => ({
    epoch: i / n,
    grad_norm: 1 + 0.3 * Math.sin(i * 1.7),
    learning_rate: 1e-4,
    loss: 1 + 2 * Math.exp(-i / 300) + 0.05 * Math.sin(i * 7.3),
    step: 10 * (i + 1),
  }));
  const path = join(dir, `state-${n}.json`);
  writeFileSync(path, JSON.stringify({ global_step: 10 * n, max_steps: 10 * n, logging_steps: 10, log_history }));
  const slowness = Math.max(1, fastest(["-e", "0"]) / bareMs);
  expect(fastest([bin, "diagnose", path, "--json"])).toBeLessThan(limit * slowness);
});
