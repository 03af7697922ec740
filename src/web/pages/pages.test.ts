import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { pages } from "./index.ts";

test("every folder with a page is in the list, and nothing else", () => {
  const folders = readdirSync(new URL(".", import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(folders.length).toBeGreaterThan(0);
  expect(pages.map(({ id }) => id).toSorted()).toEqual(folders.toSorted());
});
