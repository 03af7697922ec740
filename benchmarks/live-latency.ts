/**
 * Delay from `llmdbg.log()` in a Python process to changed pixels of the curve in a browser.
 *
 * A Python script logs one value at irregular intervals and prints when it did; the page of the run,
 * open in headless Chromium, looks at the pixels of the loss curve at every frame. A log counts as
 * seen at the first frame that differs from the one before it.
 *
 *   npm run build && npx tsx benchmarks/live-latency.ts [logs=60]
 *
 * CHROMIUM names the browser (default /usr/bin/chromium), PYTHON the interpreter (default python3).
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { z } from "zod";

const root = fileURLToPath(new URL("..", import.meta.url));
const logs = Number(process.argv[2] ?? 60);
const directory = mkdtempSync(join(tmpdir(), "llmdbg-latency-"));

const script = `
import random, sys, time
import llmdbg
run = llmdbg.init(project="bench", name="latency")
print("run", run.id, flush=True)
sys.stdin.readline()
random.seed(1)
for i in range(${logs}):
    time.sleep(0.4 + random.random() * 0.6)
    t = time.time() * 1000
    llmdbg.log({"loss": 3.0 / (1 + i) + random.random()}, step=i)
    print("log", t, flush=True)
llmdbg.finish()
`;

/** Runs in the page: the time of every frame in which the curve's pixels differ from the frame before. Text, since a compiler's helpers do not exist there. */
const watchPixels = `(() => {
  const changes = [];
  let before = "";
  const look = () => {
    const canvas = document.querySelector("canvas");
    const now = canvas === null ? "" : canvas.toDataURL();
    if (now !== before && before !== "") changes.push(Date.now());
    before = now;
    requestAnimationFrame(look);
  };
  look();
  globalThis.pixelChanges = changes;
})()`;

const server = spawn(process.execPath, [join(root, "bin/llmdbg.js"), "serve", "--port", "0", "--dir", directory], {
  stdio: "ignore",
});
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
  const url = await serverUrl();
  const python = spawn(process.env["PYTHON"] ?? "python3", ["-c", script], {
    env: { ...process.env, LLMDBG_URL: url, LLMDBG_DIR: directory, PYTHONPATH: join(root, "sdks/python") },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const logged: number[] = [];
  let run = "";
  const ended = new Promise<void>((resolve) => python.on("exit", () => resolve()));
  createInterface({ input: python.stdout }).on("line", (line) => {
    const [kind, value] = line.split(" ");
    if (kind === "run") run = value ?? "";
    if (kind === "log") logged.push(Number(value));
  });
  while (run === "") await sleep(50);
  await sleep(500);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${url}/runs/${run}`);
  await sleep(1500);
  python.stdin.write("\n");
  await page.waitForSelector("canvas", { timeout: 20_000 });
  await page.evaluate(watchPixels);
  await ended;
  await sleep(1500);
  const changes = z.array(z.number()).parse(await page.evaluate("globalThis.pixelChanges"));
  const first = changes[0] ?? Number.POSITIVE_INFINITY;
  const delays = logged
    .filter((t) => t > first - 50)
    .map((t) => (changes.find((c) => c >= t) ?? Number.POSITIVE_INFINITY) - t)
    .toSorted((a, b) => a - b);
  if (delays.length < logs / 2)
    throw new Error(`only ${delays.length} of ${logs} logs were watched; ${changes.length} changes of the picture`);
  const at = (q: number): number =>
    Math.round(delays[Math.min(delays.length - 1, Math.floor(q * delays.length))] ?? Number.NaN);
  console.log(JSON.stringify({ logs: delays.length, p50_ms: at(0.5), p95_ms: at(0.95), max_ms: at(1) }));
} finally {
  await browser.close();
  server.kill("SIGTERM");
  await new Promise((resolve) => server.on("exit", resolve));
  rmSync(directory, { recursive: true, force: true });
}

async function serverUrl(): Promise<string> {
  for (let i = 0; i < 200; i += 1) {
    try {
      return z.object({ url: z.string() }).parse(JSON.parse(await readFile(join(directory, "server.json"), "utf8")))
        .url;
    } catch {
      await sleep(100); // not written yet
    }
  }
  throw new Error("the server did not start; has `npm run build` been run?");
}
