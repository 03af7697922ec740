/** Advice and what came of it, as a person sees it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { storeRecorded } from "../server/recorded.ts";
import { inBrowser, openSite, type Site } from "./browser.ts";

inBrowser("verified advice", () => {
  let site: Site;
  const before: string[] = [];
  const after: string[] = [];
  beforeAll(async () => {
    site = await openSite();
    for (const seed of [1, 2, 3]) before.push(await storeRecorded(site.server, "lr-too-high", seed, "translate"));
    for (const seed of [1, 2, 3]) after.push(await storeRecorded(site.server, "lr-lowered", seed, "translate"));
  }, 120_000);
  afterAll(() => site.close());

  test(
    "a finding says in green that its advice helped, and its patch has several forms",
    { timeout: 60_000 },
    async () => {
      const { page, problems } = await site.open(`/runs/${before[0] ?? ""}`);
      await page.locator(".outcome.is-verified").first().waitFor({ timeout: 30_000 });
      expect(await page.locator(".outcome").first().innerText()).toMatch(
        /Helped in translate-lr-lowered-3: eval_loss -12\.9 \[-17\.\d+, -8\.\d+\], 3 seeds/,
      );
      const advice = page.locator(".advice").first();
      await advice.getByRole("button", { name: "command line" }).click();
      expect(await advice.locator("pre").innerText()).toBe("--learning_rate 0.03 --warmup_steps 100");
      await advice.getByRole("button", { name: "Python" }).click();
      expect(await advice.locator("pre").innerText()).toContain("learning_rate=0.03,  # was 0.3");
      await shot(page, "finding");
      await page.getByRole("link", { name: "before and after" }).first().click();
      await page.locator(".verification-verdict.is-verified").waitFor();
      expect(await page.getByRole("checkbox", { checked: true }).count()).toBeGreaterThanOrEqual(3);
      await shot(page, "compare");
      expect(problems).toEqual([]);
      await page.context().close();
    },
  );

  test("runs are put on either side by hand; one rerun shows nothing", { timeout: 60_000 }, async () => {
    const { page, problems } = await site.open(`/compare?runs=${before[0] ?? ""},${after[0] ?? ""}`);
    await page.getByText("Mark the runs after the change").waitFor();
    await page
      .getByRole("group", { name: "Runs after the change" })
      .getByLabel(after[0] ?? "")
      .check();
    await page.getByText(/Not shown: one rerun cannot tell/).waitFor();
    expect(await page.locator(".is-verified").count()).toBe(0);
    expect(await page.locator(".command code").first().innerText()).toContain("--seed 2");
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

/** For looking at while the pages are changed: SHOTS=/tmp/shots npx vitest run test/web/verify.test.ts */
async function shot(page: { screenshot(options: object): Promise<unknown> }, name: string): Promise<void> {
  const folder = process.env["SHOTS"];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
