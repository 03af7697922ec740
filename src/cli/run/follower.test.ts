import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { formats } from "../../ingest/index.ts";
import { Follower } from "./follower.ts";

const dir = mkdtempSync(join(tmpdir(), "llmdbg-follower-"));
afterAll(() => rmSync(dir, { recursive: true }));

function follow(
  name: string,
  format: string,
  skip = 0,
): { path: string; losses: (isLast?: boolean) => Promise<[number, number][]>; follower: Follower } {
  const path = join(dir, name);
  const found = formats.find(({ id }) => id === format);
  if (found === undefined) throw new Error(`no format ${format}`);
  const follower = new Follower(path, found, skip, {});
  return {
    path,
    follower,
    async losses(isLast = false) {
      const parts = await follower.poll(isLast);
      return parts.flatMap(({ series }) =>
        series
          .filter(({ name: metric }) => metric === "loss")
          .flatMap(({ step, value }) => Array.from(step, (s, i): [number, number] => [s, value[i] ?? Number.NaN])),
      );
    },
  };
}

const line = (step: number, loss: number): string => `{"step": ${step}, "loss": ${loss}}\n`;

test("JSON lines that grow, cut anywhere", async () => {
  const { path, losses } = follow("grow.jsonl", "jsonl");
  writeFileSync(path, `${line(1, 5)}{"step": 2, "lo`);
  expect(await losses()).toEqual([[1, 5]]);
  expect(await losses()).toEqual([]);
  appendFileSync(path, `ss": 4}\n${line(3, 3)}`);
  expect(await losses()).toEqual([
    [2, 4],
    [3, 3],
  ]);
  appendFileSync(path, line(4, 2).trimEnd());
  expect(await losses(true)).toEqual([[4, 2]]);
});

test("truncated and written anew: the new content is read from its start", async () => {
  const { path, losses, follower } = follow("truncate.jsonl", "jsonl");
  writeFileSync(path, line(1, 5) + line(2, 4));
  await losses();
  writeFileSync(path, line(1, 9));
  expect(await losses()).toEqual([[1, 9]]);
  expect(follower.restarts).toBe(1);
});

test("replaced by a longer file of the same name", async () => {
  const { path, losses, follower } = follow("replace.jsonl", "jsonl");
  writeFileSync(path, line(1, 5));
  await losses();
  writeFileSync(`${path}.new`, line(10, 7) + line(11, 6));
  renameSync(`${path}.new`, path);
  expect(await losses()).toEqual([
    [10, 7],
    [11, 6],
  ]);
  expect(follower.restarts).toBe(1);
});

test("rewritten in place to something longer", async () => {
  const { path, losses } = follow("inplace.jsonl", "jsonl");
  writeFileSync(path, line(1, 5));
  await losses();
  writeFileSync(path, line(7, 1) + line(8, 2) + line(9, 3));
  expect(await losses()).toEqual([
    [7, 1],
    [8, 2],
    [9, 3],
  ]);
});

test("what was there before the run is not the run's", async () => {
  const old = line(1, 5) + line(2, 4);
  const { path, losses } = follow("old.jsonl", "jsonl", old.length);
  writeFileSync(path, old + line(3, 3));
  expect(await losses()).toEqual([[3, 3]]);
});

test("a document that is written whole each time gives only what is new", async () => {
  const { path, losses } = follow("trainer_state.json", "trainer-state");
  const state = (n: number): string =>
    JSON.stringify({
      global_step: n,
      max_steps: 9,
      log_history: Array.from({ length: n }, (_, i) => ({ step: i + 1, loss: 5 - i })),
    });
  writeFileSync(path, state(2));
  expect(await losses()).toEqual([
    [1, 5],
    [2, 4],
  ]);
  writeFileSync(path, state(4));
  expect(await losses(true)).toEqual([
    [3, 3],
    [4, 2],
  ]);
});

test("a file that goes away is no error", async () => {
  const { path, losses } = follow("gone.jsonl", "jsonl");
  writeFileSync(path, line(1, 5));
  await losses();
  rmSync(path);
  expect(await losses(true)).toEqual([]);
});
