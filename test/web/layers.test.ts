import { afterAll, beforeAll, expect, test } from "vitest";
import { inBrowser, openSite, type Site } from "./browser.ts";

const layers = ["embed", ...[0, 1, 2].flatMap((i) => [`blocks.${i}.attn`, `blocks.${i}.mlp`]), "head"];
const steps = Array.from({ length: 40 }, (_none, i) => i * 10);
const lostAt = 300;

inBrowser("layers in the browser", () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
    for (const id of ["watched", "plain"]) {
      await site.post("/api/v1/runs", { id, project: "p", name: id });
      await site.post(`/api/v1/runs/${id}/points`, {
        series: [{ name: "loss", step: steps, value: steps.map((step) => (step >= lostAt ? "NaN" : 5 - step / 200)) }],
      });
    }
    const ofLayer = (stat: string, layer: string, depth: number) => ({
      name: `layer/${stat}`,
      labels: { layer },
      step: steps,
      value: steps.map((step) => (step >= lostAt && depth > 3 ? "NaN" : 0.01 * (depth + 1))),
    });
    await site.post("/api/v1/runs/watched/points", {
      series: ["grad_norm", "update_ratio"].flatMap((stat) =>
        layers.map((layer, depth) => ofLayer(stat, layer, depth)),
      ),
    });
    await site.post("/api/v1/runs/watched/records", {
      records: [
        {
          time: null,
          level: "error",
          logger: "llmdbg.watch",
          step: lostAt,
          message:
            "first non-finite tensor layer=blocks.1.mlp phase=forward tensor=output class=MLP nan=3 inf=0 of=64 input_finite=true input_abs_max=2.5 producer=blocks.1.attn",
          exception:
            "#0 blocks.1.attn (Attention) input abs_max=1 finite=true output abs_max=2.5 finite=true\n#1 blocks.1.mlp (MLP) input abs_max=2.5 finite=true output nan=3 inf=0 of=64",
        },
      ],
    });
  });
  afterAll(() => site.close());

  test("maps layers by step, marks the finding, and opens a layer's curves", { timeout: 60_000 }, async () => {
    const { page, problems } = await site.open("/runs/watched");
    await page.getByRole("heading", { name: "loss", exact: true }).waitFor();
    expect(await page.getByRole("heading", { name: "layer/grad_norm" }).count(), "layers do not flood the curves").toBe(
      0,
    );

    await page.getByRole("tab", { name: "Layers" }).click();
    const map = page.locator(".heat-map");
    await map.locator("canvas").waitFor();
    await page.getByText("first not finite").waitFor();
    expect(await page.locator(".backtrace-facts").innerText()).toBe(
      "The output of blocks.1.mlp (MLP) in the forward pass: 3 NaN of 64 numbers. What went in was finite, at most 2.5. It came from blocks.1.attn.",
    );
    const mark = page.locator(".heat-mark");
    await mark.waitFor();
    expect(await mark.getAttribute("aria-label")).toContain("blocks.1.mlp at step 300");

    // Every cell is painted, and lost numbers in the colour of errors.
    const painted = await map.locator("canvas").evaluate((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement)) return undefined;
      const context = canvas.getContext("2d");
      const pixel = (x: number, y: number) => [
        ...(context?.getImageData(x * canvas.width, y * canvas.height, 1, 1).data ?? []),
      ];
      return { good: pixel(0.3, 0.1), bad: pixel(0.752, 0.9) };
    });
    expect(painted?.good[3]).toBe(255);
    expect(painted?.bad[0]).toBeGreaterThan((painted?.bad[2] ?? 255) + 80);

    await map.focus();
    await page.keyboard.press("Home");
    for (let i = 0; i < 2; i += 1) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    const reading = page.locator(".heat-reading");
    await reading.getByText("blocks.0.mlp").or(reading.getByText("blocks.0.attn")).first().waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".one-layer figure canvas").first().waitFor();
    expect(page.url()).toContain("layer=blocks.0");

    await page.locator(".layers-bar select").first().selectOption("update_ratio");
    await page.getByText("too small").waitFor();
    await page.getByText("The same as a table").click();
    // The table is made when the browser says that its part is open, which is after the click.
    await page.locator(".layer-table tbody tr").first().waitFor();
    expect(await page.locator(".layer-table tbody tr").count()).toBe(layers.length);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("says how to watch layers where none are", { timeout: 60_000 }, async () => {
    const { page } = await site.open("/runs/plain?tab=layers");
    await page.getByText("llmdbg.watch(model, optimizer)").waitFor();
    await page.goto(`${site.server.url}/runs/plain`);
    await page.getByRole("heading", { name: "loss", exact: true }).waitFor();
    expect(await page.getByRole("tab", { name: "Layers" }).count()).toBe(0);
    await page.context().close();
  });

  test("fits a phone", { timeout: 60_000 }, async () => {
    const { page } = await site.open("/runs/watched?tab=layers", { viewport: { width: 390, height: 844 } });
    await page.locator(".heat-map canvas").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.context().close();
  });
});
