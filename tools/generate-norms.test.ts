import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { normsFile } from "./generate-norms.ts";

test("the reference of healthy runs is that of the recordings (npx tsx tools/generate-norms.ts)", async () => {
  expect(readFileSync(new URL("../src/analysis/standing/norms.ts", import.meta.url), "utf8")).toBe(await normsFile());
}, 120_000);
