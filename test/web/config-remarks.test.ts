import { afterAll, beforeAll, expect, test } from "vitest";
import { inBrowser, openSite, type Site } from "./browser.ts";

inBrowser("lint in the browser", () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  test("settings carry remarks with the change to make", { timeout: 120_000 }, async () => {
    await site.post("/api/v1/runs", {
      id: "lint",
      project: "p",
      name: "lint",
      dialect: "trl",
      config: { learning_rate: 0, bf16: true, fp16: true, per_device_train_batch_size: 4 },
    });
    const { page, problems } = await site.open("/runs/lint?tab=config");
    const section = page.getByRole("region", { name: "Configuration" });
    await section.getByText("2 remarks").waitFor();
    const row = section.getByRole("row", { name: /learning_rate/ });
    await row.getByText("Learning rate cannot work").click();
    await row.getByText("no weight will change").waitFor();
    expect(await row.getByLabel(/^Change of configuration/).innerText()).toMatch(/\+learning_rate: 0\.00002/);
    expect(
      await section
        .getByRole("row", { name: /per_device_train_batch_size/ })
        .locator("details")
        .count(),
    ).toBe(0);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
