import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { answerProblem } from "./problem.ts";
import { serveWebUi } from "./web-ui.ts";

const script = "document.documentElement.dataset.scheme = 'dark'";
const html = `<!doctype html><script>${script}</script><script type="module" src="/assets/app-1a2b.js"></script><p>llmdbg</p>`;

let folder: string;
let app: FastifyInstance;

const serve = async (webRoot: string | undefined): Promise<FastifyInstance> => {
  const served = Fastify();
  served.setErrorHandler((thrown, request, reply) => answerProblem(thrown, request, reply, () => {}));
  await serveWebUi(served, webRoot);
  return served;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmdbg-web-"));
  const webRoot = join(folder, "web");
  await mkdir(join(webRoot, "assets"), { recursive: true });
  await writeFile(join(webRoot, "index.html"), html);
  await writeFile(join(webRoot, "assets", "app-1a2b.js"), "export {};");
  await writeFile(join(webRoot, ".env"), "secret");
  await writeFile(join(folder, "outside.txt"), "secret");
  app = await serve(webRoot);
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

it.each(["/", "/runs/a", "/runs/a.b", "/compare?runs=a,b", "/settings"])("answers the UI at %s", async (url) => {
  const response = await app.inject({ url });
  expect([response.statusCode, response.body]).toEqual([200, html]);
  expect(response.headers["cache-control"]).toBe("no-cache");
});

it("lets exactly the inline scripts of its own page run", async () => {
  const { headers } = await app.inject({ url: "/" });
  const hash = createHash("sha256").update(script).digest("base64");
  expect(headers["content-security-policy"]).toContain(`script-src 'self' 'sha256-${hash}';`);
  expect(headers["content-security-policy"]).not.toMatch(/script-src[^;]*unsafe/);
});

it("lets browsers keep hashed assets for good", async () => {
  const response = await app.inject({ url: "/assets/app-1a2b.js" });
  expect(response.headers["content-type"]).toMatch(/javascript/);
  expect(response.headers["cache-control"]).toContain("immutable");
});

it.each([
  "/../outside.txt",
  "/..%2foutside.txt",
  "/%2e%2e/outside.txt",
  "/assets/..%2f..%2foutside.txt",
  "/assets/%252e%252e/%252e%252e/outside.txt",
  "/..%5coutside.txt",
  "/.env",
  "/assets/nope.js",
  "/nope.js",
  "/api/v1/nope",
])("has nothing at %s", async (url) => {
  const response = await app.inject({ url });
  expect(response.body).not.toContain("secret");
  expect(response.statusCode).toBeGreaterThanOrEqual(400);
  expect(response.statusCode).toBeLessThan(500);
});

it.each([undefined, "/nowhere/at/all"])("says how to build the UI when it is not there: %s", async (webRoot) => {
  const bare = await serve(webRoot);
  const response = await bare.inject({ url: "/" });
  expect([response.statusCode, response.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
  expect(response.body).toContain("npm run build:web");
  await bare.close();
});
