import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AppError } from "../base/errors.ts";
import type { Run } from "../model/run.ts";
import type { SeriesPoints } from "../model/series.ts";
import { recordContract } from "./store-records.contract.ts";
import { bucketContract } from "./store-buckets.contract.ts";
import { extremesContract } from "./store-extremes.contract.ts";
import { batchOf, examplePoints, exampleRun, generator } from "./store-examples.ts";
import type { Buckets, Store } from "./store.ts";

/** A place where a store can be opened, closed and opened again with what it held. */
export interface StorePlace {
  open(): Promise<Store>;
  /** Removes the place and what is in it. */
  remove(): Promise<void>;
}

export interface ContractOptions {
  /** Makes a new, empty place. */
  readonly place: () => Promise<StorePlace>;
  /** Tests that this engine cannot pass, by full name, with the reason, which becomes part of the name that is printed. */
  readonly skip?: readonly { readonly reason: string; readonly tests: readonly string[] }[];
}

const code = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "no error";
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
};

const chart = (series: string, more: object = {}): Parameters<Store["readBuckets"]>[1] => ({
  series: [series],
  axis: "step",
  width: 100,
  ...more,
});

async function oneChart(store: Store, run: string, query: Parameters<Store["readBuckets"]>[1]): Promise<Buckets> {
  const [buckets] = await store.readBuckets(run, query);
  if (buckets === undefined) throw new Error("no chart");
  return buckets;
}

/** What every store must do. Run inside a test file of the engine. */
export function storeContract({ place, skip = [] }: ContractOptions): void {
  const test = (name: string, body: () => Promise<void>): void => {
    const reason = skip.find((one) => one.tests.includes(name))?.reason;
    if (reason === undefined) it(name, body);
    else {
      it.skip(`${name} (${reason})`, body);
    }
  };

  describe("store contract", () => {
    let here: StorePlace;
    let store: Store;
    let number = 0;

    beforeAll(async () => {
      here = await place();
      store = await here.open();
    });
    afterAll(async () => {
      await store.close();
      await here.remove();
    });

    /** A new run, so that tests share a store and not their data. */
    const newRun = async (more: Partial<Run> = {}): Promise<string> => {
      const id = `run-${++number}`;
      await store.putRun(exampleRun(id, more));
      return id;
    };
    const reopen = async (): Promise<void> => {
      await store.close();
      store = await here.open();
    };

    const shared = { newRun, reopen, store: () => store };

    test("a run comes back as it was put, and is replaced by id", async () => {
      const run = exampleRun("as-put", {
        config: { lr: "NaN", "optimizer.name": "adamw", layers: 12, resume: null, fp16: true },
        tags: ["a", "ü"],
        environment: { command: ["python", "train.py"], packages: { torch: "2.9" } },
        parent: { run: "origin", step: 7 },
        endedAt: 1,
        exitStatus: 137,
        status: "crashed",
      });
      await store.putRun(run);
      expect(await store.getRun("as-put")).toEqual(run);
      await store.putRun({ ...run, name: "renamed" });
      expect((await store.getRun("as-put"))?.name).toBe("renamed");
      expect(await store.getRun("nobody")).toBeUndefined();
      await reopen();
      expect(await store.getRun("as-put")).toEqual({ ...run, name: "renamed" });
    });

    test("runs are listed newest first, filtered, searched, sorted and paged", async () => {
      const project = "listed";
      for (const index of [1, 2, 3, 4]) {
        await newRun({
          project,
          name: `name-${5 - index}`,
          createdAt: index,
          status: index === 2 ? "finished" : "running",
          endedAt: index === 2 ? 9 : null,
          tags: index === 3 ? ["Blue Sky"] : [],
        });
      }
      const list = async (more: object): Promise<string[]> => {
        const { runs } = await store.listRuns({ project, limit: 10, offset: 0, ...more });
        return runs.map((run) => run.name);
      };
      expect(await list({})).toEqual(["name-1", "name-2", "name-3", "name-4"]);
      expect(await list({ status: "finished" })).toEqual(["name-3"]);
      expect(await list({ search: "sky LISTED" })).toEqual(["name-2"]);
      expect(await list({ search: "sky absent" })).toEqual([]);
      expect(await list({ sort: "name", order: "descending" })).toEqual(["name-4", "name-3", "name-2", "name-1"]);
      expect((await list({ sort: "endedAt", order: "ascending" }))[0]).toBe("name-3");
      expect(await list({ offset: 1, limit: 2 })).toEqual(["name-2", "name-3"]);
      expect((await store.listRuns({ project, limit: 1, offset: 3 })).total).toBe(4);
    });

    test("every float64 comes back bit for bit, in order of arrival", async () => {
      const run = await newRun();
      const values = [
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        -0,
        5e-324,
        1.7976931348623157e308,
      ];
      const points = examplePoints("odd", [...values, 0.1 + 0.2]);
      points.time[2] = Number.NaN;
      points.step[6] = Number.MAX_SAFE_INTEGER;
      await store.append(
        run,
        batchOf(points, { ...examplePoints("odd", [1]), step: new Float64Array([-(2 ** 40)]), labels: { rank: "0" } }),
      );
      const [read, labelled] = await store.readPoints(run, { series: ["odd", "odd{rank=0}"], limit: 100 });
      for (const column of ["step", "time", "value"] as const) {
        expect(Array.from(read?.[column] ?? [], (value) => [value, Object.is(value, -0)])).toEqual(
          Array.from(points[column], (value) => [value, Object.is(value, -0)]),
        );
      }
      expect(labelled).toMatchObject({
        id: "odd{rank=0}",
        labels: { rank: "0" },
        step: new Float64Array([-(2 ** 40)]),
      });
    });

    test("a step that goes back opens a new segment, the same step again does not, also across batches and reopening", async () => {
      const run = await newRun();
      await store.append(run, batchOf(examplePoints("loss", [1, 2, 3])));
      await store.append(run, batchOf(examplePoints("loss", [4, 5], 3)));
      await store.append(run, batchOf(examplePoints("loss", [6], 4)));
      await reopen();
      await store.append(run, batchOf(examplePoints("loss", [7], 3)));
      await store.append(run, batchOf(examplePoints("loss", [8, 9], 0)));
      const [read] = await store.readPoints(run, { series: ["loss"], limit: 100 });
      expect([...(read?.value ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect([...(read?.segment ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 1, 2, 2]);
      const [info] = await store.listSeries(run);
      expect(info).toMatchObject({ count: 9, segments: 3, firstStep: 0, lastStep: 1, lastValue: 9, min: 1, max: 9 });
    });

    test("points are limited to a range of steps and a number, and say when there are more", async () => {
      const run = await newRun();
      await store.append(
        run,
        batchOf(
          examplePoints(
            "loss",
            Array.from({ length: 50 }, (_, index) => index),
          ),
        ),
      );
      const read = async (more: object): Promise<[number[], boolean]> => {
        const [points] = await store.readPoints(run, { series: ["loss"], limit: 100, ...more });
        return [[...(points?.step ?? [])], points?.truncated ?? false];
      };
      expect(await read({ fromStep: 10, toStep: 12 })).toEqual([[10, 11, 12], false]);
      expect(await read({ fromStep: 10, limit: 2 })).toEqual([[10, 11], true]);
      expect(await read({ limit: 2 })).toEqual([[0, 1], true]);
      expect((await read({ limit: 50 }))[1]).toBe(false);
    });

    test("the summary of a series tells its non-finite values and survives reopening", async () => {
      const run = await newRun();
      const values = Array.from({ length: 1000 }, (_, index) => (index % 100 === 7 ? Number.NaN : Math.sin(index)));
      values[999] = Number.POSITIVE_INFINITY;
      await store.append(run, batchOf(examplePoints("loss", values)));
      const before = await store.listSeries(run);
      const finite = values.filter((value) => Number.isFinite(value));
      expect(before).toEqual([
        {
          id: "loss",
          name: "loss",
          labels: {},
          count: 1000,
          nonFinite: 11,
          segments: 1,
          firstStep: 0,
          lastStep: 999,
          lastValue: Number.POSITIVE_INFINITY,
          min: Math.min(...finite),
          max: Math.max(...finite),
          lastTime: 1_700_000_999_000,
        },
      ]);
      await reopen();
      expect(await store.listSeries(run)).toEqual(before);
    });

    test("a batch of a writer is stored once, in whatever order and however often it is delivered", async () => {
      const run = await newRun();
      const deliver = async (sequence: number): Promise<boolean> => {
        const batch = { ...batchOf(examplePoints("loss", [sequence], sequence)), writer: { id: "w", sequence } };
        return (await store.append(run, batch)).duplicate;
      };
      expect(await Promise.all([deliver(5), deliver(2), deliver(2), deliver(9)])).toEqual([false, false, true, false]);
      expect([await deliver(5), await deliver(4), await deliver(9)]).toEqual([true, false, true]);
      await reopen();
      expect([await deliver(2), await deliver(4), await deliver(3), await deliver(3)]).toEqual([
        true,
        true,
        false,
        true,
      ]);
      expect((await store.listSeries(run))[0]?.count).toBe(5);
      await store.compact();
      expect([await deliver(2), await deliver(3), await deliver(6)]).toEqual([true, true, false]);
    });

    test("unknown runs are refused, and a refused batch leaves nothing", async () => {
      const batch = batchOf(examplePoints("loss", [1]));
      expect(await code(store.append("nobody", batch))).toBe("not-found");
      expect(await code(store.listSeries("nobody"))).toBe("not-found");
      expect(await code(store.deleteRun("nobody"))).toBe("not-found");
      expect(await code(store.readBuckets("nobody", chart("loss")))).toBe("not-found");
      expect(await code(store.putFindings("nobody", []))).toBe("not-found");
      const run = await newRun();
      const bad = { ...examplePoints("bad", [1, 2]), step: new Float64Array([0, 0.5]) };
      expect(await code(store.append(run, batchOf(examplePoints("loss", [1]), bad)))).toBe("bad-request");
      expect(await store.listSeries(run)).toEqual([]);
      expect(await store.readBuckets(run, chart("loss"))).toEqual([]);
    });

    recordContract(test, shared);

    test("a deleted run is gone at once, its disk after compaction, and the others stay", async () => {
      const keep = await newRun();
      const drop = await newRun();
      const next = generator(1);
      const noise = (): SeriesPoints => examplePoints("loss", Array.from({ length: 200_000 }, next));
      await store.append(keep, batchOf(examplePoints("loss", [1, 2, 3])));
      await store.append(drop, batchOf(noise(), { ...noise(), labels: { rank: "1" } }));
      await store.compact();
      const before = await store.size();
      await store.deleteRun(drop);
      expect(await store.getRun(drop)).toBeUndefined();
      expect(await code(store.listSeries(drop))).toBe("not-found");
      await store.compact();
      const after = await store.size();
      expect(after.points).toBe(before.points - 400_000);
      expect(after.runs).toBe(before.runs - 1);
      // 400,000 random values are at least 3.2 MB.
      expect(before.totalBytes - after.totalBytes).toBeGreaterThan(3_000_000);
      await reopen();
      expect(await store.getRun(drop)).toBeUndefined();
      expect((await store.readPoints(keep, { series: ["loss"], limit: 9 }))[0]?.value).toEqual(
        new Float64Array([1, 2, 3]),
      );
      await store.putRun(exampleRun(drop));
      expect(await store.listSeries(drop)).toEqual([]);
    });

    test("reads and appends at the same time see every acknowledged point", async () => {
      const run = await newRun();
      let acknowledged = 0;
      const write = async (): Promise<void> => {
        for (let batch = 0; batch < 150; batch++) {
          await store.append(
            run,
            batchOf(
              examplePoints(
                "loss",
                Array.from({ length: 100 }, () => batch),
                batch * 100,
              ),
            ),
          );
          acknowledged = (batch + 1) * 100;
        }
      };
      const read = async (): Promise<void> => {
        while (acknowledged < 15_000) {
          // A read of a run without series never waits: the writer needs a turn too.
          await new Promise((resolve) => setImmediate(resolve));
          const known = acknowledged;
          const { points } = await oneChart(store, run, chart("loss")).catch(() => ({ points: known }));
          expect(points).toBeGreaterThanOrEqual(known);
          const [all] = await store.readPoints(run, { series: ["loss"], limit: 1_000_000 });
          expect(all?.step.length ?? 0).toBeGreaterThanOrEqual(known);
          expect(all?.step.every((step, index) => step === index)).not.toBe(false);
        }
      };
      const compact = async (): Promise<void> => {
        while (acknowledged < 5000) await new Promise((resolve) => setTimeout(resolve, 5));
        await store.compact();
      };
      await Promise.all([write(), read(), read(), compact()]);
      expect((await oneChart(store, run, chart("loss"))).points).toBe(15_000);
      expect((await store.readPoints(run, { series: ["loss"], limit: 100_000 }))[0]?.step.length).toBe(15_000);
    });

    bucketContract(test, shared);
    extremesContract(test, shared);
  });
}
