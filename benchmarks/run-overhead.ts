/**
 * What `llmdbg run` costs a script that prints 1,000 lines a second: the bare script and the watched one in
 * turns, several times, on the same machine in one run.
 *
 * Usage: npx tsx benchmarks/run-overhead.ts [seconds=20] [repeats=5]   (build first: npm run build:node)
 *
 * Two figures: `loop` is measured inside the script, from its first line to its last, which is what a
 * training feels; `process` is the whole command from start to end, with llmdbg's start and its summary.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [seconds = 20, repeats = 5] = process.argv.slice(2).map(Number);
const bin = fileURLToPath(new URL("../bin/llmdbg.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "llmdbg-overhead-"));
const script = join(directory, "train.mjs");

// A fixed amount of work between the lines, as a training has: a wrapper that takes CPU or blocks the pipe
// makes it longer. The lines are of the Hugging Face trainer.
writeFileSync(
  script,
  `import { writeFileSync, writeSync } from "node:fs";
const lines = ${seconds * 1000};
let x = 0;
const work = (n) => { for (let i = 0; i < n; i += 1) x = (x + Math.sin(i)) % 1e6; };
// How much work is 0.95 ms here; the same for both, given on the command line.
let n = Number(process.argv[2]);
if (!(n > 0)) {
  // In pieces of about that size: the engine treats one long loop otherwise than many short ones.
  for (let i = 0; i < 500; i += 1) work(10000);
  const from = performance.now();
  for (let i = 0; i < 1000; i += 1) work(10000);
  console.log(Math.round(1e7 * 0.95 / (performance.now() - from)));
  process.exit(0);
}
const start = performance.now();
for (let step = 1; step <= lines; step += 1) {
  work(n);
  writeSync(1, "{'loss': " + (2 + Math.sin(step)).toFixed(4) + ", 'grad_norm': 1.25, 'learning_rate': 0.0003, 'epoch': " + (step / lines).toFixed(6) + "}\\n");
}
writeFileSync(process.argv[3], String(performance.now() - start));
`,
);

async function run(command: readonly string[]): Promise<{ loop: number; process: number; lines: number }> {
  const result = join(directory, "result");
  const [file = "", ...args] = command;
  const from = performance.now();
  const lines = await new Promise<number>((resolve, reject) => {
    const child = spawn(file, [...args, result], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, LLMDBG_DIR: join(directory, "data"), LLMDBG_URL: "" },
    });
    let count = 0;
    child.stdout.on("data", (piece: Buffer) => {
      for (const byte of piece) if (byte === 10) count += 1;
    });
    child.on("error", reject);
    child.on("close", () => resolve(count));
  });
  return { process: performance.now() - from, loop: Number(readFileSync(result, "utf8")), lines };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function calibrate(): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (piece: Buffer) => {
      text += piece.toString("utf8");
    });
    child.on("error", reject);
    child.on("close", () => resolve(text.trim()));
  });
}

try {
  // The fastest of several: on a busy machine a slow one would make the script print faster than it should.
  const works: number[] = [];
  for (let i = 0; i < 5; i += 1) works.push(Number(await calibrate()));
  const work = String(Math.max(...works));
  const bare = [process.execPath, script, work];
  const watched = [process.execPath, bin, "run", "--", ...bare];
  // The first one starts the server, which then stays, as it does for a user.
  await run(watched);
  const rows: { bare: Awaited<ReturnType<typeof run>>; watched: Awaited<ReturnType<typeof run>> }[] = [];
  for (let i = 0; i < repeats; i += 1) {
    const row =
      i % 2 === 0
        ? { bare: await run(bare), watched: await run(watched) }
        : { watched: await run(watched), bare: await run(bare) };
    rows.push(row);
    const rate = (row.bare.lines / row.bare.loop) * 1000;
    console.log(
      `${i + 1}: ${rate.toFixed(0)} lines/s; loop ${row.bare.loop.toFixed(0)} ms bare, ${row.watched.loop.toFixed(0)} ms watched (${((row.watched.loop / row.bare.loop - 1) * 100).toFixed(2)}%); ` +
        `process ${row.bare.process.toFixed(0)} ms bare, ${row.watched.process.toFixed(0)} ms watched`,
    );
    if (row.watched.lines !== row.bare.lines)
      throw new Error(`${row.watched.lines} lines came through of ${row.bare.lines}`);
  }
  const ratio = (of: "loop" | "process"): number =>
    median(rows.map((row) => row.watched[of])) / median(rows.map((row) => row.bare[of]));
  console.log(
    `loop ratio ${ratio("loop").toFixed(4)}, process ratio ${ratio("process").toFixed(4)} (medians of ${repeats}, ${seconds} s each)`,
  );
} finally {
  await new Promise((resolve) => {
    spawn(process.execPath, [bin, "serve", "--stop", "--dir", join(directory, "data")], { stdio: "ignore" }).on(
      "close",
      resolve,
    );
  });
  rmSync(directory, { recursive: true, force: true });
}
