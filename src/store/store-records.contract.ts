import { expect } from "vitest";
import type { Finding } from "../model/finding.ts";
import type { LogRecord } from "../model/record.ts";
import type { SharedPlace, DefineTest } from "./store-buckets.contract.ts";
import { exampleRecord } from "./store-examples.ts";

/** Tests of what belongs to a run and is no series: records, findings, blobs. */
export function recordContract(test: DefineTest, { newRun, reopen, store }: SharedPlace): void {
  test("records keep their order and fields, and are found by level, text, group, step and time", async () => {
    const run = await newRun();
    const records: LogRecord[] = [
      exampleRecord({ message: "Loading model", time: 1000, step: 0 }),
      exampleRecord({
        message: "100% done\u0000 'quoted' \\ Straße",
        level: "warning",
        time: 2000,
        step: 5,
        rank: 3,
        logger: "trainer",
      }),
      exampleRecord({
        message: "failed",
        level: "error",
        exception: "Traceback\n  CUDA out of memory",
        group: "oom",
        role: "root",
        time: 3000,
        step: 9,
      }),
      exampleRecord({ message: "failed too", level: "critical", group: "oom", role: "cascade" }),
    ];
    await store().append(run, { series: [], records: records.slice(0, 2) });
    await reopen();
    await store().append(run, { series: [], records: records.slice(2) });
    const read = async (more: object): Promise<number[]> => {
      const result = await store().readRecords(run, { order: "ascending", limit: 10, offset: 0, ...more });
      expect(result.total).toBe("limit" in more ? 4 : result.records.length);
      return result.records.map((record) => record.index);
    };
    const all = await store().readRecords(run, { order: "ascending", limit: 10, offset: 0 });
    expect(all.records).toEqual(records.map((record, index) => ({ ...record, index })));
    expect(await read({ levels: ["error", "critical"] })).toEqual([2, 3]);
    expect(await read({ search: "OUT OF" })).toEqual([2]);
    expect(await read({ search: "100%" })).toEqual([1]);
    expect(await read({ search: "'quoted' \\" })).toEqual([1]);
    expect(await read({ search: "%" })).toEqual([1]);
    expect(await read({ group: "oom" })).toEqual([2, 3]);
    expect(await read({ fromStep: 5 })).toEqual([1, 2]);
    expect(await read({ fromTime: 1500, toTime: 2500 })).toEqual([1]);
    expect(await read({ order: "descending", limit: 2, offset: 1 })).toEqual([2, 1]);
  });

  test("record groups count their records", async () => {
    const run = await newRun();
    await store().append(run, {
      series: [],
      records: [
        exampleRecord({ message: "a 1", group: "a", time: 5, step: 1 }),
        exampleRecord({ message: "b", group: "b" }),
        exampleRecord({ message: "a 2", group: "a", level: "error", time: 9, step: 3 }),
      ],
    });
    expect(await store().listRecordGroups(run)).toEqual([
      { group: "a", count: 2, level: "error", message: "a 1", firstTime: 5, lastTime: 9, firstStep: 1, lastStep: 3 },
      {
        group: "b",
        count: 1,
        level: "info",
        message: "b",
        firstTime: null,
        lastTime: null,
        firstStep: null,
        lastStep: null,
      },
    ]);
  });

  test("findings are replaced and survive reopening", async () => {
    const run = await newRun();
    const finding: Finding = {
      rule: "non-finite-loss",
      severity: "error",
      title: "Loss became NaN",
      message: "loss is NaN at step 7",
      onset: { step: 7, time: 1, layer: "0", rank: 2 },
      end: null,
      recovered: null,
      evidence: [{ series: "loss", step: 7, value: "NaN", note: "first" }],
      causes: [{ id: "overflow", statement: "fp16", likelihood: 0.5, for: ["x"], against: [] }],
      advice: [
        {
          id: "bf16",
          summary: "s",
          changes: [{ key: "bf16", from: null, to: true }],
          dialect: "hf",
          expect: "e",
          source: "s",
        },
      ],
    };
    expect(await store().getFindings(run)).toEqual([]);
    await store().putFindings(run, [finding, finding]);
    await store().putFindings(run, [finding]);
    expect(await store().getFindings(run)).toEqual([finding]);
    await reopen();
    expect(await store().getFindings(run)).toEqual([finding]);
    await store().putFindings(run, []);
    expect(await store().getFindings(run)).toEqual([]);
  });

  test("blobs come back byte for byte under any key", async () => {
    const run = await newRun();
    const content = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
    await store().putBlob(run, "../../etc/passwd", content, "application/octet-stream");
    await store().putBlob(run, "__proto__", new Uint8Array(), "text/plain");
    await store().putBlob(run, "note", new Uint8Array([1]), "text/plain");
    await store().putBlob(run, "note", new Uint8Array([2, 3]), "text/html");
    await reopen();
    expect(await store().getBlob(run, "../../etc/passwd")).toEqual({ content, mediaType: "application/octet-stream" });
    expect((await store().getBlob(run, "__proto__"))?.content.length).toBe(0);
    expect(await store().getBlob(run, "note")).toEqual({ content: new Uint8Array([2, 3]), mediaType: "text/html" });
    expect(await store().getBlob(run, "absent")).toBeUndefined();
    expect((await store().listBlobs(run)).toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: "../../etc/passwd", sizeBytes: 70_000, mediaType: "application/octet-stream" },
      { key: "__proto__", sizeBytes: 0, mediaType: "text/plain" },
      { key: "note", sizeBytes: 2, mediaType: "text/html" },
    ]);
  });
}
