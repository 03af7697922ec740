import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";
import { AppError } from "../base/errors.ts";

const policy = (scripts: string): string =>
  [
    "default-src 'self'",
    `script-src 'self'${scripts}`,
    // The component library sets sizes through style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

export const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": policy(""),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Serves the built UI; addresses that are no file and not under /api are pages of the UI, which reads them itself. */
export async function serveWebUi(app: FastifyInstance, webRoot: string | undefined): Promise<void> {
  if (webRoot !== undefined) {
    await app.register(fastifyStatic, {
      root: webRoot,
      index: false,
      dotfiles: "deny",
      cacheControl: false,
      setHeaders: (reply, path) => {
        // Built assets carry a hash of their content in their name.
        const isHashed = path.startsWith(join(webRoot, "assets") + sep);
        reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  }
  app.get("/", { schema: { hide: true } }, (_request, reply) => page(reply, webRoot));
  app.setNotFoundHandler((request, reply) => {
    const [path = "/"] = request.url.split("?");
    // Run ids may hold dots; anywhere else a dot means a file.
    const isPage = request.method === "GET" && (path.startsWith("/runs/") || !/^\/(api|assets)\/|\.\w+$/.test(path));
    if (isPage) return page(reply, webRoot);
    throw new AppError(
      "not-found",
      `There is nothing at ${request.method} ${path}. The API is described by /api/openapi.json.`,
    );
  });
}

async function page(reply: FastifyReply, webRoot: string | undefined): Promise<FastifyReply> {
  const html = webRoot === undefined ? undefined : await readIndex(webRoot);
  reply.type("text/html; charset=utf-8").header("cache-control", "no-cache");
  if (html === undefined) return reply.code(200).send(notBuilt);
  return reply.header("content-security-policy", policy(inlineHashes(html))).send(html);
}

async function readIndex(webRoot: string): Promise<string | undefined> {
  try {
    return await readFile(join(webRoot, "index.html"), "utf8");
  } catch {
    // Not built yet, or being rebuilt: the page below says so.
    return undefined;
  }
}

/** Our own index.html may set the colour scheme before the first paint; exactly these scripts are let through. */
const inlineHashes = (html: string): string =>
  Array.from(
    html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g),
    ([, code = ""]) => ` 'sha256-${createHash("sha256").update(code).digest("base64")}'`,
  ).join("");

export const htmlPage = (title: string, body: string, head = ""): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>${head}` +
  `<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}</style>` +
  `</head><body>${body}</body></html>`;

const notBuilt = htmlPage(
  "llmdbg",
  `<h1>llmdbg is running</h1><p>Its web pages have not been built in this checkout. Run <code>npm run build:web</code> and reload.</p>` +
    `<p>The API works: <a href="/api/v1/runs">runs</a>, <a href="/api/openapi.json">description</a>.</p>`,
);
