import { defineConfig } from "vite";

// Bundles the command line over what tsc wrote to dist/cli: a few files instead of 250, and of zod only what is
// used. `llmdbg diagnose` starts in half the time. What is loaded lazily stays so; packages with native code or
// data files of their own stay outside. Paths are relative to the repository root.
export default defineConfig({
  publicDir: false,
  logLevel: "warn",
  ssr: { noExternal: ["zod", "commander", "picocolors"] },
  build: {
    ssr: "src/cli/main.ts",
    target: "node20",
    outDir: "dist/cli",
    emptyOutDir: false,
    minify: false,
    rolldownOptions: { output: { entryFileNames: "main.js", chunkFileNames: "chunks/[name].js" } },
  },
});
