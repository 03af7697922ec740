import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { decodeFile } from "./decode-file.ts";

const directory = mkdtempSync(join(tmpdir(), "llmdbg-decode-"));
afterAll(() => rmSync(directory, { recursive: true }));

// Noise: a file that packs well would lose all of it with its last block.
const rows = Array.from({ length: 60_000 }, (_, i) => `{"step":${i},"loss":${2 + Math.sin(i * i)}}\n`).join("");

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

test("a gzip file says what the file in it says", async () => {
  const plain = await decodeFile(file("a.jsonl", rows));
  const packed = await decodeFile(file("b.jsonl.gz", gzipSync(rows)));
  expect(packed.format.id).toBe("jsonl");
  expect(packed.series).toEqual(plain.series);
  expect(packed.series[0]?.step.length).toBe(60_000);
  expect(packed.rejected).toEqual([]);
});

test("of a gzip file that was cut, the good part is kept and the cut is told", async () => {
  const whole = gzipSync(rows);
  const cut = await decodeFile(file("cut.jsonl.gz", whole.subarray(0, whole.length * 0.75)));
  const kept = cut.series.find(({ name }) => name === "loss")?.step.length ?? 0;
  expect(kept).toBeGreaterThan(20_000);
  expect(kept).toBeLessThan(60_000);
  expect(cut.rejected.map(({ reason }) => reason).join()).toMatch(/cut or damaged after \d+ unpacked bytes/);
});

test("a gzip file of nothing, of binary data, and one that is none are refused", async () => {
  await expect(decodeFile(file("empty.gz", gzipSync("")))).rejects.toThrow(/empty once unpacked/);
  await expect(decodeFile(file("binary.gz", gzipSync(Buffer.alloc(5_000))))).rejects.toThrow(/binary/);
  await expect(decodeFile(file("no.gz", Buffer.from([0x1f, 0x8b, 1, 2, 3, 4])))).rejects.toThrow(/cut or damaged/);
});
