import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inBrowser, openSite, type Site } from "./browser.ts";

const steps = Array.from({ length: 60 }, (_none, i) => i * 10);
const rising = steps.map((step) => (step < 300 ? 3 - step / 300 : 2 + (step - 300) / 20));

/** Texts whose contrast is under WCAG 2.2's bound (1.4.3, level AA: 4.5, of large ones 3), and how many were looked at. */
const readContrast = (page: Page): Promise<{ readonly looked: number; readonly faint: readonly string[] }> =>
  page.evaluate(() => {
    const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (brush === null) throw new Error("no canvas");
    type Colour = readonly [number, number, number, number];
    const colour = new (class {
      read(css: string): Colour {
        brush.clearRect(0, 0, 1, 1);
        brush.fillStyle = css;
        brush.fillRect(0, 0, 1, 1);
        const [r = 0, g = 0, b = 0, a = 0] = brush.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
      }
      over([r, g, b, a]: Colour, [r0, g0, b0]: Colour): Colour {
        return [r * a + r0 * (1 - a), g * a + g0 * (1 - a), b * a + b0 * (1 - a), 1];
      }
      luminance([r, g, b]: Colour): number {
        const [x = 0, y = 0, z = 0] = [r, g, b].map((part) =>
          part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
      }
    })();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const faint: string[] = [];
    let looked = 0;
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (element === null || text === "" || !element.checkVisibility({ visibilityProperty: true })) continue;
      // What cannot be used now, and what only a reader's program is told, has no bound.
      if (element.closest(":disabled") !== null || element.getBoundingClientRect().width < 2) continue;
      const grounds: Colour[] = [];
      for (let at: Element | null = element; at !== null; at = at.parentElement)
        grounds.push(colour.read(getComputedStyle(at).backgroundColor));
      const canvas: Colour = [255, 255, 255, 1];
      const ground = grounds.toReversed().reduce((below, above) => colour.over(above, below), canvas);
      const style = getComputedStyle(element);
      const ink = colour.over(colour.read(style.color), ground);
      const [low = 0, high = 0] = [colour.luminance(ink), colour.luminance(ground)].toSorted((a, b) => a - b);
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      looked += 1;
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < (isLarge ? 3 : 4.5)) faint.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return { looked, faint };
  });

inBrowser("texts can be read", () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
    for (const id of ["one", "two"]) {
      await site.post("/api/v1/runs", { id, project: "p", name: id, config: { learning_rate: 0.3, seed: id } });
      await site.post(`/api/v1/runs/${id}/points`, {
        series: [
          { name: "loss", step: steps, value: id === "one" ? rising : steps.map((step) => 3 - step / 800) },
          { name: "layer/grad_norm", labels: { layer: "head" }, step: steps, value: rising },
        ],
      });
    }
    await site.post("/api/v1/runs/one/records", {
      records: ["debug", "info", "warning", "error"].map((level) => ({
        time: 1,
        level,
        message: `a ${level}`,
        step: 9,
      })),
    });
  });
  afterAll(() => site.close());

  const pages: readonly (readonly [string, string])[] = [
    ["/", ".run-body .run-row"],
    ["/runs/one", ".finding-body .evidence"],
    ["/runs/one?tab=layers", ".heat-map canvas"],
    ["/runs/one?tab=log", ".log-row"],
    ["/runs/one?tab=config&against=two", ".config-table"],
    ["/runs/one?tab=about", ".about"],
    ["/runs/nothing", ".empty"],
    ["/compare?runs=one,two&after=two", ".verification-verdict"],
    ["/settings", "h1"],
  ];

  for (const colorScheme of ["light", "dark"] as const)
    test(`on every page, ${colorScheme}`, { timeout: 120_000 }, async () => {
      for (const [address, shown] of pages) {
        const { page } = await site.open(address, { colorScheme });
        await page.locator(shown).first().waitFor();
        const { looked, faint } = await readContrast(page);
        expect(looked, address).toBeGreaterThan(3);
        expect(faint, address).toEqual([]);
        await page.context().close();
      }
    });
});
