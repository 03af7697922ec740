import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { DiagnosisQueue } from "./diagnosis-queue.ts";

const burn = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end;);
};

it("judges batches that come together once, soon", async () => {
  const seen: string[] = [];
  const queue = new DiagnosisQueue<string>((item) => seen.push(item));
  for (let i = 0; i < 100; i += 1) queue.request("a");
  queue.request("b");
  queue.request("dropped");
  queue.drop("dropped");
  await sleep(150);
  expect(seen).toEqual(["a", "b"]);
  queue.close();
});

it("rests four times as long as it worked, whatever is asked", async () => {
  let worked = 0;
  const queue = new DiagnosisQueue<number>(() => {
    const began = performance.now();
    burn(30);
    worked += performance.now() - began;
  });
  const began = performance.now();
  while (performance.now() - began < 1_200) {
    queue.request(1);
    await sleep(5);
  }
  queue.close();
  expect(worked).toBeGreaterThan(30);
  // One diagnosis may still be without its rest.
  expect(worked).toBeLessThan(0.2 * 1_200 + 60);
});

it("gives every run its turn", async () => {
  const counts = new Map<number, number>();
  const queue = new DiagnosisQueue<number>((item) => {
    burn(15);
    counts.set(item, (counts.get(item) ?? 0) + 1);
    queue.request(item);
  });
  for (let i = 0; i < 4; i += 1) queue.request(i);
  await sleep(900);
  queue.close();
  expect(new Set(counts.keys())).toEqual(new Set([0, 1, 2, 3]));
});
