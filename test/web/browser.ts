import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { describe } from "vitest";
import { openServer, type TestServer } from "../server/harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const webRoot = join(root, "dist/web");

const candidates = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const browserPath = candidates.find((path) => path !== undefined && existsSync(path));

/** A group of tests in a real browser; without one they are skipped, and the reason is printed. */
export const inBrowser: typeof describe.skip = browserPath === undefined ? skipWithReason() : describe;

function skipWithReason(): typeof describe.skip {
  console.log("Skipped: no Chromium found. Install it, or set CHROMIUM to its path.");
  return describe.skip;
}

/** Builds the pages when they are older than their source, so that a test never runs against old ones. */
function buildPages(): void {
  const built = join(webRoot, "index.html");
  const newest = ["src/web", "src/api", "src/model", "src/base", "src/analysis"]
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.includes(".test."))
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
  if (existsSync(built) && statSync(built).mtimeMs > newest) return;
  execFileSync(
    process.execPath,
    [join(root, "node_modules/vite/bin/vite.js"), "build", "--config", "src/web/vite.config.ts"],
    {
      cwd: root,
      // Vitest sets it to "test", which would give React's slow development build.
      env: { ...process.env, NODE_ENV: "production" },
      stdio: "ignore",
    },
  );
}

export interface Site {
  readonly server: TestServer;
  readonly browser: Browser;
  /** A page in a context of its own; `problems` collects errors of its console and its scripts. */
  open(path: string, options?: BrowserContextOptions): Promise<{ readonly page: Page; readonly problems: string[] }>;
  post(path: string, body: unknown): Promise<void>;
  close(): Promise<void>;
}

/** The real server over the real store, the built pages, and a browser. */
export async function openSite(): Promise<Site> {
  buildPages();
  const server = await openServer({ webRoot });
  const browser = await chromium.launch({
    ...(browserPath !== undefined && { executablePath: browserPath }),
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  return {
    server,
    browser,
    open: async (path, options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") problems.push(message.text());
      });
      await page.goto(server.url + path);
      return { page, problems };
    },
    post: async (path, body) => {
      const { status, text } = await server.ask("POST", path, body);
      if (status !== 200 && status !== 201) throw new Error(`POST ${path} answered ${status}: ${text}`);
    },
    close: async () => {
      await browser.close();
      await server.stop();
    },
  };
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
