import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inBrowser, openSite, type Site } from "./browser.ts";

const path =
  "/mnt/storage/teams/translation/experiments/2026-11/encoder-decoder-large/checkpoints/run_0042_lr3e-4_bs2048";
const name = "encoder_decoder_large_lr3e-4_bs2048_warmup4000_label-smoothing0.1_dropout0.3_seed42_attempt-17";
const module = "model.encoder.layers.attention.relative_position_embedding.weight";
const steps = Array.from({ length: 120 }, (_none, i) => i * 10);

inBrowser("long names in the browser", () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
    await site.post("/api/v1/runs", {
      id: "long",
      project: "translation-team-with-a-rather-long-project-name",
      name,
      dialect: "hf",
      tags: ["a-rather-long-tag-that-someone-wrote", "sweep/2026-11-12/learning-rate"],
      config: {
        learning_rate: 0.3,
        max_grad_norm: 0,
        output_dir: path,
        [module.replace("weight", "maximum_distance")]: 128,
        prompt_template: "You are a helpful assistant. ".repeat(30),
        vocabulary: "d".repeat(120),
      },
      environment: { command: ["python", "train.py", "--output_dir", path], cwd: path, gpus: ["H100", "H100"] },
    });
    await site.post("/api/v1/runs", { id: "other", project: "p", name: "other", config: { learning_rate: 3e-4 } });
    const rising = steps.map((step) => (step < 800 ? 3 - step / 800 : 2 + (step - 800) / 20));
    for (const run of ["long", "other"])
      await site.post(`/api/v1/runs/${run}/points`, {
        series: [
          { name: "loss", step: steps, value: run === "long" ? rising : steps.map((step) => 3 - step / 800) },
          { name: "grad_norm", labels: { module }, step: steps, value: rising },
          { name: "grad_norm", labels: { module: "head" }, step: steps, value: rising },
          { name: "learning_rate", step: steps, value: steps.map(() => 3e-4) },
        ],
      });
    await site.post("/api/v1/runs/long/records", {
      records: [
        {
          time: 1,
          level: "error",
          message: `FileNotFoundError: ${path}/model.safetensors`,
          logger: "torch.distributed.elastic.multiprocessing.errors.error_handler",
          step: 800,
        },
      ],
    });
  });
  afterAll(() => site.close());

  const phone = { viewport: { width: 390, height: 844 } };

  /** Names that end a line in their middle. A piece that may not break is a text node of its own. */
  const cutNames = (page: Page, selector: string): Promise<string[]> =>
    page.locator(selector).evaluateAll((elements) =>
      elements.flatMap((element) => {
        const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        const cut: string[] = [];
        for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
          const range = document.createRange();
          range.selectNodeContents(node);
          const text = node.textContent ?? "";
          if (!/\s/.test(text) && range.getClientRects().length > 1) cut.push(text);
        }
        return cut;
      }),
    );

  test("no page is wider than a phone, and no name is cut in its middle", { timeout: 90_000 }, async () => {
    const pages: readonly (readonly [string, string])[] = [
      ["/", ".run-body .run-row"],
      ["/runs/long", ".finding-body .evidence"],
      ["/runs/long?tab=log", ".log-row"],
      ["/runs/long?tab=config", ".config-table"],
      ["/runs/long?tab=config&against=other", ".config-table"],
      ["/runs/long?tab=about", ".about"],
      ["/compare?runs=long,other&after=other", ".verification-verdict"],
    ];
    for (const [address, shown] of pages) {
      const { page, problems } = await site.open(address, phone);
      await page.locator(shown).first().waitFor();
      if (address.endsWith("tab=log")) await page.locator(".log-row button").first().click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth), address).toBeLessThanOrEqual(390);
      expect(await cutNames(page, ".evidence th, .config-table th, .run-title h1, .facts td"), address).toEqual([]);
      expect(problems, address).toEqual([]);
      await page.context().close();
    }
  });

  test("a long value is folded to its beginning, and unfolds", { timeout: 60_000 }, async () => {
    const { page } = await site.open("/runs/long?tab=config", phone);
    const row = page.locator("tr", { has: page.getByText("prompt_template") });
    const before = (await row.innerText()).length;
    await row.getByRole("button", { name: "all 870 characters" }).click();
    expect((await row.innerText()).length).toBeGreaterThan(before + 500);
    await page.context().close();
  });

  test("tabs stay in one row, and open where they can be seen", { timeout: 60_000 }, async () => {
    const { page } = await site.open("/runs/long", phone);
    const tabs = page.getByRole("tab");
    await page.locator(".finding-body").first().waitFor();
    const tops = await tabs.evaluateAll((all) => [...new Set(all.map((tab) => tab.getBoundingClientRect().top))]);
    expect(tops).toHaveLength(1);
    await page.getByRole("tab", { name: "Curves" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/tab=log/);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Log");
    // Low on the screen, what a tab opens would be below its edge.
    await page.evaluate(() => {
      const bar = document.querySelector(".run-tabs");
      scrollBy(0, (bar?.getBoundingClientRect().top ?? 0) - innerHeight * 0.8);
      document.querySelector<HTMLElement>(".tab-config")?.click();
    });
    await page.locator(".config-table").waitFor();
    expect((await page.locator(".run-tabs").boundingBox())?.y).toBeLessThan(844 / 2);
    await page.context().close();
  });

  test("charts name their lines and have room for their numbers", { timeout: 60_000 }, async () => {
    const { page } = await site.open("/runs/long");
    const card = (title: string) =>
      page.locator("figure", { has: page.getByRole("heading", { name: title, exact: true }) });
    const legend = card("grad_norm").getByRole("list", { name: "Curves" });
    await legend.getByText(`module ${module}`).waitFor();
    expect(await card("loss").getByRole("list", { name: "Curves" }).count()).toBe(0);
    // "0.00028" needs more than the 50 pixels of most axes.
    const plot = card("learning_rate").locator(".u-over");
    await plot.waitFor();
    expect(await plot.evaluate((element) => (element instanceof HTMLElement ? element.offsetLeft : 0))).toBeGreaterThan(
      52,
    );
    await page.context().close();
  });

  test(
    "the list says what is wrong, and the finding how to know whether its advice helps",
    {
      timeout: 60_000,
    },
    async () => {
      const { page } = await site.open("/");
      const row = page.locator(".run-body .run-row", { hasText: name });
      await row.getByText("Loss diverges").waitFor();
      expect(await page.title()).toBe("Runs · llmdbg");
      await page.getByPlaceholder("Search, e.g.").fill("diverges");
      await page.getByText("1 of 2 runs").waitFor();
      await row.click();
      await page.getByRole("link", { name: "Compare with a rerun" }).first().waitFor();
      expect(await page.title()).toBe(`${name} · llmdbg`);
      await page.getByRole("link", { name: "Compare with a rerun" }).first().click();
      await page.waitForURL(/compare\?runs=long/);
      await page.context().close();
    },
  );

  test("says that the server is away, and stops saying it", { timeout: 60_000 }, async () => {
    const { page } = await site.open("/settings");
    await page.route("**/api/v1/**/events", (route) => route.abort());
    await page.route("**/api/v1/events", (route) => route.abort());
    await page.goto(`${site.server.url}/runs/long`);
    await page.locator(".verdict").waitFor();
    expect(await page.locator(".offline").count(), "a page that loads is no alarm").toBe(0);
    await page.locator(".offline").waitFor({ timeout: 15_000 });
    await page.unroute("**/api/v1/**/events");
    await page.locator(".offline").waitFor({ state: "detached", timeout: 30_000 });
    await page.context().close();
  });
});
