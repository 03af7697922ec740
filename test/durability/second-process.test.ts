import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { annotateLock, openEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";

const root = mkdtempSync(join(tmpdir(), "llmdbg-second-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const module = new URL("../../src/store/embedded/embedded-store.ts", import.meta.url).href;
const script = `
  const { openEmbeddedStore } = await import(${JSON.stringify(module)});
  try {
    await openEmbeddedStore(process.argv[1]);
    console.log("opened");
  } catch (error) {
    console.log(error.code + ": " + error.message);
  }
  process.exit(0);
`;

/** What another process is told when it opens the directory. */
function openElsewhere(directory: string): string {
  const child = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script, directory], {
    encoding: "utf8",
    timeout: 60_000,
  });
  return child.stdout.trim();
}

test("a second process is refused with the owner's process and address", async () => {
  const directory = join(root, "owned");
  const store = await openEmbeddedStore(directory);
  expect(openElsewhere(directory)).toMatch(new RegExp(`^directory-in-use: .* is in use by process ${process.pid}\\.`));
  annotateLock(directory, { url: "http://127.0.0.1:7337" });
  expect(openElsewhere(directory)).toContain("Use its server at http://127.0.0.1:7337");
  await expect(openEmbeddedStore(directory)).rejects.toMatchObject({ code: "directory-in-use" });
  await store.close();
  expect(openElsewhere(directory)).toBe("opened");
});

test("a lock without its process is taken over, even when the pid is in use again", async () => {
  const directory = join(root, "stale");
  expect(openElsewhere(directory)).toBe("opened");
  writeFileSync(join(directory, "lock.json"), "{ cut off");
  await (await openEmbeddedStore(directory)).close();
  writeFileSync(join(directory, "lock.json"), JSON.stringify({ pid: process.ppid, started: "1", url: null }));
  const store = await openEmbeddedStore(directory);
  expect((await store.listRuns({ limit: 1, offset: 0 })).total).toBe(0);
  await store.close();
});

test("without a lock file the engine's own file lock still keeps a second process out", async () => {
  const directory = join(root, "bare");
  const store = await openEmbeddedStore(directory);
  rmSync(join(directory, "lock.json"));
  expect(openElsewhere(directory)).toMatch(/^directory-in-use: /);
  await store.close();
});
