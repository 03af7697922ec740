import { afterAll, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { z } from "zod";
import { inBrowser, openSite, quantile, type Site } from "./browser.ts";

/** Notes from now on each task of the page's main thread over 50 ms, and the longest wait between two frames. */
const watch = (page: Page) =>
  page.evaluate(() => {
    const noted = { tasks: new Array<number>(), frame: 0 };
    Object.assign(window, { noted });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) noted.tasks.push(duration);
    }).observe({ type: "longtask" });
    let before = performance.now();
    const frame = (now: number): void => {
      noted.frame = Math.max(noted.frame, now - before);
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });

const Noted = z.object({ tasks: z.array(z.number()), frame: z.number() });

const noted = async (page: Page) => Noted.parse(await page.evaluate((): unknown => Reflect.get(window, "noted")));

/**
 * The longest task over 50 ms during an action, in ms. Other work on the machine can stretch a task, so the
 * action is done up to five times and the calmest round counts; every round is printed.
 */
async function longestTask(page: Page, what: string, action: (round: number) => Promise<void>): Promise<number> {
  const rounds: number[] = [];
  while (rounds.length < 5 && !rounds.some((longest) => longest < 100)) {
    await watch(page);
    await action(rounds.length);
    const { tasks, frame } = await noted(page);
    rounds.push(Math.max(0, ...tasks));
    console.log(`${what}: longest task ${Math.max(0, ...tasks).toFixed(0)} ms, longest frame ${frame.toFixed(0)} ms`);
  }
  return Math.min(...rounds);
}

async function plotOf(page: Page) {
  const box = await page.locator(".u-over").first().boundingBox();
  if (box === null) throw new Error("There is no plot on the page.");
  return box;
}

inBrowser("much data in the browser", () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  test(
    "an empty list shows the command that fills it, then 1,000 runs scroll without a stall",
    { timeout: 180_000 },
    async () => {
      const { page, problems } = await site.open("/", { permissions: ["clipboard-read", "clipboard-write"] });
      await page.getByText("llmdbg run -- python train.py").waitFor();
      await page.getByRole("button", { name: "Copy" }).click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("llmdbg run -- python train.py");

      for (let i = 0; i < 1000; i += 50) {
        await Promise.all(
          Array.from({ length: 50 }, async (_none, k) => {
            const id = `run-${i + k}`;
            await site.post("/api/v1/runs", {
              id,
              project: k % 2 === 0 ? "even" : "odd",
              name: `run ${i + k}`,
              createdAt: 1_700_000_000_000 + i + k,
            });
            const step = Array.from({ length: 20 }, (_n, s) => s);
            await site.post(`/api/v1/runs/${id}/points`, {
              series: [{ name: "loss", step, value: step.map((s) => 5 / (s + 1)) }],
            });
          }),
        );
      }
      const painted = Date.now();
      await page.reload();
      await page.getByText("run 999", { exact: true }).waitFor();
      console.log(`first rows of 1,000 runs: ${Date.now() - painted} ms after the reload`);
      await page.getByText("1000 runs", { exact: true }).waitFor();
      expect(await page.locator(".run-body .run-row").count()).toBeLessThan(80);
      // The server still diagnoses the thousand runs that were just posted.
      await page.waitForTimeout(2000);
      const longest = await longestTask(page, "scrolling 1,000 runs", async () => {
        await page.evaluate(() => window.scrollTo(0, 0));
        for (let i = 0; i < 60; i += 1) {
          await page.mouse.wheel(0, 700);
          await page.waitForTimeout(16);
        }
        await page.getByText("run 0", { exact: true }).waitFor();
      });
      expect(longest).toBeLessThan(100);
      await page.getByPlaceholder(/^Search, e.g./).fill("project:odd run 77");
      await page.getByText(/^\d+ of 1000 runs$/).waitFor();
      expect(await page.locator(".run-body .run-row").count()).toBe(14);
      expect(problems).toEqual([]);

      // A new run does not push the rows that are being read.
      await page.getByPlaceholder(/^Search, e.g./).fill("");
      await site.post("/api/v1/runs", { id: "late", project: "even", name: "late run" });
      await page.getByRole("button", { name: "1 new" }).waitFor();
      expect(await page.getByText("late run").count()).toBe(0);
      await page.getByRole("button", { name: "1 new" }).click();
      await page.getByText("late run").waitFor();
      await page.context().close();
    },
  );

  test("a curve of 10,000,000 points zooms without a stall, and its spike is there", { timeout: 300_000 }, async () => {
    const [total, batch, spike] = [10_000_000, 100_000, 7_654_321];
    await site.post("/api/v1/runs", { id: "long", project: "p", name: "long" });
    const began = Date.now();
    for (let from = 0; from < total; from += batch) {
      const step = Array.from({ length: batch }, (_none, i) => from + i);
      // A noisy descent; deterministic, so that a failure can be looked at again.
      const value = step.map((s) =>
        s === spike ? 1000 : Math.round((5 / (1 + s / 1e6) + ((s * 7919) % 1000) / 2000) * 1e4) / 1e4,
      );
      await site.post("/api/v1/runs/long/points", { series: [{ name: "loss", step, value }] });
    }
    const seconds = (Date.now() - began) / 1000;
    console.log(
      `10,000,000 points over HTTP in ${seconds.toFixed(1)} s (${Math.round(total / seconds / 1000)} k points/s)`,
    );

    const { page, problems } = await site.open("/runs/long");
    await page.locator(".u-over").first().waitFor();
    await page.getByText(/points per pixel/).waitFor();
    console.log(`badge: ${await page.locator(".badge", { hasText: "points per pixel" }).innerText()}`);
    await page.waitForTimeout(500);
    const waits: number[] = [];
    const longest = await longestTask(page, "zooming 10,000,000 points", async (round) => {
      // In a later round other pieces: the page keeps the answers that it has.
      const shift = round / 100;
      for (const [from, to] of [
        [0.6, 0.9],
        [0.3, 0.7],
        [0.2, 0.8],
        [0.4, 0.6],
      ] as const) {
        const box = await plotOf(page);
        const answered = page.waitForResponse(/\/buckets\?/);
        await page.mouse.move(box.x + box.width * (from + shift), box.y + 60);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * (to + shift), box.y + 60, { steps: 12 });
        await page.mouse.up();
        const released = Date.now();
        await answered;
        waits.push(Date.now() - released);
        await page.waitForTimeout(300);
      }
      await page.locator(".u-over").first().dblclick();
      await page.locator(".zoom-chip").waitFor({ state: "detached" });
      await page.waitForTimeout(300);
    });
    console.log(`from letting go to the answer: p50 ${quantile(waits, 0.5)} ms of ${waits.length}`);
    expect(longest).toBeLessThan(100);

    // The spike is one point of ten million: in the whole view its pixel holds it, and zoomed in it stands alone.
    const whole = await plotOf(page);
    const seen: string[] = [];
    for (let dx = -8; dx <= 8; dx += 1) {
      const left = whole.x + (whole.width * (spike / total + 0.015)) / 1.03 + dx;
      await page.mouse.move(left, whole.y + 40);
      await page.waitForTimeout(40);
      seen.push(await page.locator(".curve-tip").innerText());
    }
    expect(seen.filter((text) => text.includes("to 1000,")).length).toBeGreaterThan(0);
    await page.goto(`${site.server.url}/runs/long?from=${spike - 5}&to=${spike + 5}`);
    await page.locator(".u-over").first().waitFor();
    const box = await plotOf(page);
    await page.mouse.move(box.x + box.width / 2, box.y + 40);
    await page.locator(".curve-tip").getByText("1000").waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("1,000 series do not hang the page", { timeout: 120_000 }, async () => {
    await site.post("/api/v1/runs", { id: "wide", project: "p", name: "wide" });
    const step = Array.from({ length: 50 }, (_none, i) => i);
    await site.post("/api/v1/runs/wide/points", {
      series: Array.from({ length: 1000 }, (_none, i) => ({
        name: `metric ${i}`,
        step,
        value: step.map((s) => s * i),
      })),
    });
    const { page, problems } = await site.open("/runs/wide");
    await page.locator("canvas").first().waitFor();
    const longest = await longestTask(page, "scrolling 1,000 charts", async () => {
      await page.evaluate(() => window.scrollTo(0, 0));
      for (let i = 0; i < 40; i += 1) {
        await page.mouse.wheel(0, 600);
        await page.waitForTimeout(30);
      }
      await page.waitForTimeout(800);
    });
    const drawn = await page.locator("canvas").count();
    console.log(`of 1,000 charts ${drawn} are drawn`);
    expect(longest).toBeLessThan(300);
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThan(60);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
