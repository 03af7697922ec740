import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Paths are relative to the repository root, from where npm runs its scripts.
export default defineConfig({
  root: "src/web",
  plugins: [react()],
  build: {
    outDir: "../../dist/web",
    emptyOutDir: true,
    manifest: true,
    // A data: script or font would need a hole in the content security policy.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": "http://127.0.0.1:7337" } },
});
