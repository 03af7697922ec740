import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleEvaluation, exampleOf } from "../server/evaluation.fixture.ts";
import { inBrowser, openSite, type Site } from "./browser.ts";

inBrowser("an evaluation in the browser", () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
    for (const id of ["small", "none"])
      await site.post("/api/v1/runs", { id, project: "translate", name: `${id} test set`, kind: "evaluate" });
    await site.post("/api/v1/runs/small/examples", {
      first: 0,
      examples: Array.from({ length: 150 }, (_none, i) => exampleOf(i)),
    });
    await site.post("/api/v1/runs/small/evaluation", exampleEvaluation);
  });
  afterAll(() => site.close());

  test("opens on the verdict, and a slice opens its examples, worst first", { timeout: 60_000 }, async () => {
    const { page, problems } = await site.open("/runs/small");
    await page.getByText("On 150 examples chrf is 63.2 [60.1, 66.4], and worst where parity is odd").waitFor();
    await page.getByText("150 examples", { exact: true }).waitFor();
    const slice = page.getByRole("button", { name: /parity is odd error/ });
    await slice.click();
    await page.getByText("75 examples", { exact: true }).waitFor();
    expect(await slice.getAttribute("aria-pressed")).toBe("true");
    const first = page.locator(".example").first();
    expect(await first.locator(".example-error").textContent()).toBe("error 90\u00a0%");
    // Words that the reference lacks are marked, those that it has and the output lacks are struck through.
    expect(await first.locator("ins").first().textContent()).toBe("wrong");
    expect(await first.locator("del").first().textContent()).toBe("right");

    // The address carries it all.
    const { page: again } = await site.open(page.url().slice(page.url().indexOf("/runs")));
    await again.getByText("75 examples", { exact: true }).waitFor();

    // An attribute of an opened example narrows the list further.
    await first.locator(".example-head").click();
    await first.getByRole("button", { name: "length: under 30" }).click();
    await page.getByText("60 examples", { exact: true }).waitFor();
    await page.getByRole("searchbox", { name: "Search the examples" }).fill("input 13");
    await page.getByText("5 examples", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    expect(problems).toEqual([]);
  });

  test("says how to store one where there is none", { timeout: 60_000 }, async () => {
    const { page } = await site.open("/runs/none");
    await page.getByText("llmdbg evaluate predictions.jsonl --store").waitFor();
  });

  test("scrolls through a hundred thousand examples", { timeout: 120_000 }, async () => {
    await site.post("/api/v1/runs", { id: "large", project: "translate", name: "large", kind: "evaluate" });
    for (let from = 0; from < 100_000; from += 5_000)
      await site.post("/api/v1/runs/large/examples", {
        first: from,
        examples: Array.from({ length: 5_000 }, (_none, i) => exampleOf(from + i)),
      });
    await site.post("/api/v1/runs/large/evaluation", { ...exampleEvaluation, n: 100_000 });
    const { page, problems } = await site.open("/runs/large?inOrder=1");
    await page.locator(".example").first().waitFor();
    // The first question reads all of it once; from then on a page of it is quick wherever it lies.
    const began = Date.now();
    await page.locator(".example-list").evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
    await page
      .locator(".example-id", { hasText: /^e99\d\d\d$/ })
      .first()
      .waitFor();
    const took = Date.now() - began;
    console.log(`to the end of 100,000 examples: ${took} ms`);
    expect(took).toBeLessThan(3_000);
    expect(problems).toEqual([]);
  });
});
