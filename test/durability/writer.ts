/**
 * A process that stores batches as fast as it can and prints the number of each one that was
 * acknowledged, until it is killed. With `compact` it also compacts all the time.
 * Usage: writer.ts <directory> <first sequence> <points per batch> [compact]
 */
import { openEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { batchOf, exampleRecord, exampleRun } from "../../src/store/store-examples.ts";
import { pointsOf, runId, writerId } from "./batches.ts";

process.env["UV_THREADPOOL_SIZE"] = "16";

const [directory = "", first = "1", size = "200", compact] = process.argv.slice(2);
const store = await openEmbeddedStore(directory);
if ((await store.getRun(runId)) === undefined) await store.putRun(exampleRun(runId));

/** Batches under way at once, so that commits are shared as they are in a server. */
const lanes = 4;
let next = Number(first);
const write = async (): Promise<void> => {
  for (;;) {
    const sequence = next++;
    await store.append(runId, {
      ...batchOf(pointsOf(sequence, Number(size))),
      records: [exampleRecord({ message: `batch ${sequence}` })],
      writer: { id: writerId, sequence },
    });
    process.stdout.write(`${sequence}\n`);
  }
};
const compactAll = async (): Promise<void> => {
  while (compact === "compact") await store.compact();
};
await Promise.all([compactAll(), ...Array.from({ length: lanes }, write)]);
