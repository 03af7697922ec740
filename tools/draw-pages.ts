/**
 * Takes the pictures of pages that the documentation shows, docs/images/<name>.png, from recorded runs.
 *
 *   npm run build && npx tsx tools/draw-pages.ts
 *
 * Needs Chromium: CHROMIUM or /usr/bin/chromium. A picture over the limit of its size is an error.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { z } from "zod";

const root = fileURLToPath(new URL("../", import.meta.url));
const largestBytes = 300_000;

interface Picture {
  readonly name: string;
  /** A recorded run, or a file of predictions to evaluate. */
  readonly recording: string;
  readonly tab: string;
  /** What has to be drawn before the picture is taken. */
  readonly drawn: string;
  take(page: Page): Promise<Buffer>;
}

const pictures: readonly Picture[] = [
  {
    name: "run",
    recording: "fixtures/translate-lr-too-high-seed1",
    tab: "",
    drawn: ".u-over",
    take: (page) => page.screenshot(),
  },
  {
    name: "layers",
    recording: "benchmarks/faults/recordings/translate-hidden-nan-seed1",
    tab: "?tab=layers",
    drawn: ".heat-map canvas",
    // As tall as the part is, so that the page's own head does not lie over it.
    take: async (page) => {
      await page.setViewportSize({ width: 1280, height: 2400 });
      return page.locator(".layers").screenshot();
    },
  },
  {
    name: "evaluation",
    recording: "fixtures/evaluate/translate.jsonl",
    tab: `?where=${encodeURIComponent('[{"attribute":"numbers in the input","value":"at least 2"}]')}`,
    drawn: ".example-id",
    take: async (page) => {
      await page.setViewportSize({ width: 1280, height: 960 });
      return page.screenshot();
    },
  },
];

const isPredictions = ({ recording }: Picture): boolean => recording.endsWith(".jsonl");

const llmdbg = (...words: string[]): string =>
  execFileSync(process.execPath, [join(root, "bin/llmdbg.js"), ...words], { encoding: "utf8" });

const Runs = z.object({ runs: z.array(z.object({ id: z.string(), name: z.string(), kind: z.string() })) });

const directory = mkdtempSync(join(tmpdir(), "llmdbg-pages-"));
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const recorded = pictures.filter((picture) => !isPredictions(picture));
  const told = llmdbg("import", "--dir", directory, ...recorded.map(({ recording }) => join(root, recording)));
  for (const { recording } of pictures.filter(isPredictions))
    llmdbg("evaluate", join(root, recording), "--store", "--dir", directory);
  const address = /http:\/\/127\.0\.0\.1:\d+/.exec(told)?.[0];
  if (address === undefined) throw new Error(`no address in what import said:\n${told}`);
  const { runs } = Runs.parse(await (await fetch(`${address}/api/v1/runs`)).json());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  for (const { name, recording, tab, drawn, take } of pictures) {
    const run = runs.find((one) => recording.endsWith(`/${one.name}`));
    if (run === undefined) throw new Error(`${recording} was not imported`);
    await page.goto(`${address}/runs/${run.id}${tab}`);
    await page.locator(drawn).first().waitFor();
    // The curves and the verdict come one after the other.
    if (run.kind === "train") await page.locator(".finding-body").first().waitFor();
    await page.waitForTimeout(1500);
    const image = await take(page);
    if (image.length > largestBytes) throw new Error(`${name}.png has ${image.length} bytes, over ${largestBytes}`);
    writeFileSync(join(root, `docs/images/${name}.png`), image);
    console.log(`docs/images/${name}.png ${image.length} bytes`);
  }
} finally {
  await browser.close();
  llmdbg("serve", "--stop", "--dir", directory);
  rmSync(directory, { recursive: true, force: true });
}
