/** The life of advice over HTTP: proposed, applied by a later run, helped or not; on real recorded runs. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { getReport } from "../../src/api/runs.ts";
import { getVerification } from "../../src/api/verification.ts";
import type { Advice } from "../../src/model/finding.ts";
import { openServer, type TestServer } from "./harness.ts";
import { storeRecorded } from "./recorded.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.stop());

const store = (story: string, seed: number, project: string): Promise<string> =>
  storeRecorded(server, story, seed, project);

const adviceOf = async (id: string): Promise<readonly Advice[]> => {
  const { findings } = await server.read(getReport.response, "GET", `/api/v1/runs/${id}/report`);
  return findings.find(({ rule }) => rule === "loss-divergence")?.advice ?? [];
};

/** Following up is a background job: what is waited for, not for how long. */
const lowered = async (id: string, state: string | undefined): Promise<Advice> => {
  let seen: Advice | undefined;
  await expect
    .poll(
      async () => {
        seen = (await adviceOf(id)).find((one) => one.id === "lower-learning-rate");
        return seen?.outcome?.state;
      },
      { timeout: 20_000 },
    )
    .toBe(state);
  if (seen === undefined) throw new Error("no such advice");
  return seen;
};

it(
  "advice is proposed, applied by a rerun, and shown to help once three seeds did it",
  { timeout: 60_000 },
  async () => {
    const first = await store("lr-too-high", 1, "life");
    await lowered(first, undefined);

    const rerun = await store("lr-lowered", 1, "life");
    const applied = await lowered(first, "applied");
    expect(applied.outcome).toMatchObject({ run: rerun, verified: false, before: [first], after: [rerun] });
    expect(applied.outcome?.statement).toMatch(/^eval_loss -12\.\d, 1 seed$/);

    const others = [await store("lr-too-high", 2, "life"), await store("lr-too-high", 3, "life")];
    await store("lr-lowered", 2, "life");
    const last = await store("lr-lowered", 3, "life");
    const helped = await lowered(first, "helped");
    expect(helped.outcome).toMatchObject({ run: last, verified: true });
    expect(helped.outcome?.statement).toMatch(/^eval_loss -12\.9 \[-17\.\d+, -8\.\d+\], 3 seeds$/);
    for (const id of others) expect((await lowered(id, "helped")).outcome?.verified).toBe(true);
    // Nothing came of what nobody applied.
    expect((await adviceOf(first)).find(({ id }) => id === "clip-gradients")?.outcome).toBeUndefined();
  },
);

it("the outcome is there after a restart", { timeout: 60_000 }, async () => {
  const { directory } = server;
  await server.stop(true);
  server = await openServer({ directory });
  expect((await lowered("life-lr-too-high-2", "helped")).outcome?.verified).toBe(true);
});

it("runs of another project are another experiment", { timeout: 60_000 }, async () => {
  const first = await store("lr-too-high", 1, "alone");
  await store("lr-lowered", 1, "elsewhere");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await lowered(first, undefined);
});

it("the same answer as the command's, over HTTP", async () => {
  const ids = (story: string): string => [1, 2, 3].map((seed) => `life-${story}-${seed}`).join(",");
  const query = (more = ""): string =>
    `/api/v1/verification?before=${ids("lr-too-high")}&after=${ids("lr-lowered")}${more}`;
  const answer = await server.read(getVerification.response, "GET", query());
  expect(answer).toMatchObject({ verdict: "helped", comparison: { metric: "eval_loss", step: 120, n: 3 } });
  const speed = await server.read(getVerification.response, "GET", query("&metric=eval_runtime&better=lower"));
  expect(speed.comparison?.metric).toBe("eval_runtime");
  expect((await server.ask("GET", query("&metric=nothing"))).status).toBe(400);
  expect((await server.ask("GET", query("&metric=epoch"))).text).toContain("better=lower");
  expect((await server.ask("GET", "/api/v1/verification?before=a,b&after=b")).status).toBe(400);
  expect((await server.ask("GET", "/api/v1/verification?before=nobody&after=other")).status).toBe(404);
});
