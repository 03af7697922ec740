import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { batchOf } from "../../src/store/store-examples.ts";
import { pointsOf, runId, writerId } from "./batches.ts";

/** LLMDBG_KILLS=50 is the figure of the docs; the usual test run does a few. */
const kills = Number(process.env["LLMDBG_KILLS"] ?? 6);
const writer = fileURLToPath(new URL("writer.ts", import.meta.url));

/** Starts the writer, kills it `afterMs` after its first acknowledgement, and returns what it acknowledged. */
async function writeAndKill(directory: string, writing: readonly unknown[], afterMs: number): Promise<number[]> {
  const child = spawn(process.execPath, ["--import", "tsx", writer, directory, ...writing.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    output += text;
    timer ??= setTimeout(() => child.kill("SIGKILL"), afterMs);
  });
  await new Promise((resolve) => child.once("close", resolve));
  // The last line may have been cut off by the kill: it was not acknowledged then.
  return output.split("\n").slice(0, -1).map(Number);
}

test(
  `kill -9 in the middle of ingest, ${kills} times: nothing acknowledged is lost, nothing is torn`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "llmdbg-kill-"));
    const acknowledged = new Map<number, number>();
    const opening: number[] = [];
    let [extra, incidents] = [0, 0];
    let first = 1;
    for (let kill = 0; kill < kills; kill++) {
      const size = kill % 3 === 2 ? 10_000 : 200;
      // Spread over the life of a log: right after the start up to several checkpoints later.
      const delay = 20 + ((kill * 389) % 1200);
      // Every fourth time a compaction is under way, and killed in any of its steps.
      const writing = [first, size, kill % 4 === 3 ? "compact" : ""];
      for (const sequence of await writeAndKill(directory, writing, delay)) acknowledged.set(sequence, size);
      const began = performance.now();
      const store = await openEmbeddedStore(directory);
      opening.push(performance.now() - began);
      incidents += store.incidents.length;
      const [points] = await store.readPoints(runId, { series: ["loss"], limit: 100_000_000 });
      const stored = new Map<number, number>();
      let wrong = 0;
      for (const [index, step] of (points?.step ?? new Float64Array()).entries()) {
        const sequence = Math.floor(step / 1_000_000);
        stored.set(sequence, (stored.get(sequence) ?? 0) + 1);
        const value = (step % 1_000_000) % 50 === 7 ? Number.NaN : step / 3;
        if (!Object.is(points?.value[index], value)) wrong += 1;
      }
      expect(wrong).toBe(0);
      const lost = [...acknowledged].filter(([sequence, points_]) => stored.get(sequence) !== points_);
      expect(lost).toEqual([]);
      const torn = [...stored].filter(([, count]) => count !== 200 && count !== 10_000);
      expect(torn).toEqual([]);
      extra = stored.size - acknowledged.size;
      const { total } = await store.readRecords(runId, { order: "ascending", limit: 1, offset: 0 });
      expect(total).toBe(stored.size);
      const [chart] = await store.readBuckets(runId, { series: ["loss"], axis: "step", width: 500 });
      expect(chart?.points).toBe(points?.step.length);
      const last = Math.max(...acknowledged.keys());
      const again = { ...batchOf(pointsOf(last, 200)), writer: { id: writerId, sequence: last } };
      expect((await store.append(runId, again)).duplicate).toBe(true);
      await store.close();
      first = Math.max(...stored.keys()) + 1;
    }
    opening.sort((a, b) => a - b);
    const middle = opening[opening.length >> 1] ?? 0;
    console.log(
      `${kills} kills: ${acknowledged.size} batches acknowledged, 0 lost, 0 torn, ${extra} stored but not yet acknowledged, ${incidents} logs with a cut tail; opening took ${middle.toFixed(0)} ms (median), ${opening.at(-1)?.toFixed(0)} ms (most)`,
    );
    rmSync(directory, { recursive: true, force: true });
  },
  60_000 + kills * 20_000,
);
