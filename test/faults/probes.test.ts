/** What should not matter to a diagnosis does not, on a few recorded programs: see `benchmarks/faults/probes.ts`. */
import { describe, expect, test } from "vitest";
import { changes } from "../../benchmarks/faults/scoring/changes.ts";
import { load, names, truthOf } from "../../benchmarks/faults/scoring/corpus.ts";
import { judge } from "../../benchmarks/faults/scoring/judge.ts";
import { alarmsOf, reportOf } from "../../benchmarks/faults/scoring/ours.ts";

const changeOf = (id: string) => {
  const change = changes.find((one) => one.id === id);
  if (change === undefined) throw new Error(`no change is called ${id}`);
  return change;
};
const after = async (id: string, name: string) => {
  const change = changeOf(id);
  const recorded = await load(name);
  const changed = change.apply(change.before?.(recorded) ?? recorded);
  return judge(changed, alarmsOf(reportOf(changed)));
};

const renamings = changes.map(({ id }) => id).filter((id) => id.startsWith("names-"));

describe("faults are found", () => {
  test.each([
    ...renamings.map((id) => [id, "gpt-head-init-seed1"]),
    ...renamings.map((id) => [id, "cnn-slow-loader-seed1"]),
    // Half of the rows, 12 to 30 of them.
    ["every-2nd-row", "cnn-slow-loader-seed1"],
    ["every-2nd-row", "forecast-decay-per-batch-seed1"],
    ["every-2nd-row", "cnn-straggler-seed1"],
    ["every-2nd-row", "translate-no-warmup-seed1"],
    ["steps-10", "sft-lr-too-high-seed1"],
    // A third of them, 10 to 20.
    ["every-3rd-row", "towers-sorted-apart-seed1"],
    ["every-3rd-row", "translate-frozen-seed1"],
    ["every-3rd-row", "speech-nfs-seed1"],
    ["every-2nd-row", "classifier-wrong-shard-seed1"],
    ["every-2nd-row", "moe-routing-history-seed1"],
    ["slower", "cnn-slow-loader-seed1"],
    ["printed-json", "tagger-lr-too-high-seed1"],
    ["printed-assigned", "translate-overfit-seed1"],
  ])("%s: %s", async (id, name) => {
    expect(await after(id, name)).toMatchObject({ rule: true, top1: true });
  });
});

describe("healthy runs stay silent", () => {
  test.each([
    ["names-megatron", "cnn-healthy-seed1"],
    ["every-3rd-row", "forecast-healthy-holidays-seed1"],
    // Adafactor's own rate, one layer trained alone: seen at half of the run, as a person does who watches it.
    ["first-half", "llama-healthy-adafactor-seed1"],
    ["first-half", "sft-healthy-last-layer-seed1"],
    ["first-half", "cnn-healthy-replicas-seed1"],
    ["no-configuration", "classifier-healthy-frozen-embeddings-seed1"],
    ["loss-1.7", "gpt-healthy-seed1"],
  ])("%s: %s", async (id, name) => {
    expect((await after(id, name)).alarms).toEqual([]);
  });
});

/** One run of each program, as somebody has it who logs a row every epoch, or who looks after a dozen rows. */
describe("healthy runs stay silent in few rows", () => {
  const few = ["every-2nd-row", "every-3rd-row", "every-4th-row", "first-12-rows", "first-20-rows"];
  const programs = new Map(
    names()
      .filter((name) => truthOf(name).healthy)
      .map((name) => [truthOf(name).program, name]),
  );
  test("of each program", async () => {
    expect(programs.size).toBeGreaterThan(20);
    for (const name of programs.values())
      for (const id of few) expect.soft((await after(id, name)).alarms, `${id}: ${name}`).toEqual([]);
  }, 60_000);
  // Runs that short logs once made alarm.
  test.each([
    ["every-2nd-row", "speech-healthy-resumed-seed1"],
    ["every-3rd-row", "sft-healthy-resumed-seed3"],
    ["every-2nd-row", "rlhf-healthy-no-kl-seed1"],
    ["every-3rd-row", "cnn-healthy-replicas-seed1"],
    ["every-2nd-row", "forecast-healthy-holidays-seed3"],
  ])("%s: %s", async (id, name) => {
    expect((await after(id, name)).alarms).toEqual([]);
  });
});
