#!/usr/bin/env node
// Set before anything touches the thread pool: the store waits on disk in it.
process.env.UV_THREADPOOL_SIZE ??= "16";

import { existsSync } from "node:fs";

const entry = new URL("../dist/cli/main.js", import.meta.url);
if (existsSync(entry)) {
  const { main } = await import(entry.href);
  await main(process.argv.slice(2));
} else {
  process.stderr.write("llmdbg: not built yet. Run `npm run build` in the directory of llmdbg, then try again.\n");
  process.exitCode = 2;
}
