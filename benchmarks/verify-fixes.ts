/**
 * How often `llmdbg verify` sees a fix: the recorded faults of benchmarks/faults, three seeds each, against the
 * healthy runs of the same program, three seeds; and with the sides turned, how often it would call a fault an
 * improvement. `npx tsx benchmarks/verify-fixes.ts [program...]`; only the tuning programs by default.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { verifyRuns, type JudgedRun } from "../src/analysis/index.ts";
import { judgedRuns } from "../src/cli/verify/judged-runs.ts";

const root = join(import.meta.dirname, "faults/recordings");
const seeds = [1, 2, 3];
const asked = process.argv.slice(2);
const programs = asked.length > 0 ? asked : ["gpt", "translate", "grpo", "cnn"];

const recorded = new Set(readdirSync(root));
const read = (story: string): Promise<JudgedRun[]> =>
  judgedRuns(
    seeds.map((seed) => join(root, `${story}-seed${seed}`)),
    "",
    {},
    undefined,
  );

const counts = new Map<string, number>();
const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
for (const program of programs) {
  const stories = [...recorded]
    .filter((name) => name.startsWith(`${program}-`) && name.endsWith("-seed1"))
    .map((name) => name.replace(/-seed1$/, ""))
    .filter((story) => seeds.every((seed) => recorded.has(`${story}-seed${seed}`)))
    .sort();
  if (!stories.includes(`${program}-healthy`)) continue;
  const healthy = await read(`${program}-healthy`);
  for (const story of stories.filter((name) => !name.startsWith(`${program}-healthy`))) {
    const faulty = await read(story);
    const fixed = verifyRuns(faulty, healthy);
    const turned = verifyRuns(healthy, faulty);
    count(`fixed: ${fixed.verdict}`);
    count(`turned: ${turned.verdict}`);
    const gone = fixed.faults.map(({ rule, state }) => `${rule} ${state}`).join(", ");
    console.log(`| ${story} | ${fixed.statement} | ${gone} | ${turned.verdict} |`);
  }
}
for (const [what, n] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${what}: ${n}`);
