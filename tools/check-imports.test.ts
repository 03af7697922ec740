import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkImports, importTable, layers } from "./check-imports.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "check-imports-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test("the sources keep to the table", () => {
  const { files, imports, violations } = checkImports(resolve(import.meta.dirname, "../src"), layers);
  expect(violations).toEqual([]);
  expect(files).toBeGreaterThan(20);
  expect(imports).toBeGreaterThan(20);
});

test("ARCHITECTURE.md shows the table word for word", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../ARCHITECTURE.md"), "utf8");
  expect(page, "update it from `npm run imports -- --table`").toContain(importTable(layers));
});

test("nothing to look at is an error", () => {
  expect(() => checkImports(root, layers)).toThrow("no source");
});

test.each([
  ["a static import", `import { a } from "../server/a.ts";`, "model may not import server"],
  ["a type import", `import type { A } from "../server/a.ts";`, "model may not import server"],
  ["a re-export", `export { a } from "../analysis/a.ts";`, "model may not import analysis"],
  ["a dynamic import", `export const load = () => import("../cli/a.ts");`, "model may not import cli"],
  ["an import type", `export type A = import("../web/a.ts").A;`, "model may not import web"],
  ["a computed import", `export const load = (path: string) => import(path);`, "computed path"],
  ["a built-in", `import { readFileSync } from "node:fs";`, "model may not use Node built-ins"],
  ["a built-in without prefix", `import { readFileSync } from "fs";`, "model may not use Node built-ins"],
  ["a package", `import { x } from "fastify";`, "model may not use this package"],
  ["a package that begins like an allowed one", `import { x } from "zod-extra";`, "model may not use this package"],
  ["an export of everything", `export * from "./other.ts";`, "re-exports a whole module"],
  ["a path out of the layers", `import { x } from "../../tools/x.ts";`, "outside the layers"],
])("%s against the table is found", (_name, text, reason) => {
  plant("model/other.ts", "export const other = 1;");
  plant("model/planted.ts", text);
  const { violations } = checkImports(root, layers);
  expect(violations).toHaveLength(1);
  expect(violations[0]).toContain("model/planted.ts");
  expect(violations[0]).toContain(reason);
});

test("a folder that is not in the table is found", () => {
  plant("helpers/a.ts", "export const a = 1;");
  expect(checkImports(root, layers).violations).toEqual(["helpers/a.ts: its folder is not in the import table"]);
});

test("the driver of a store stays in its folder", () => {
  plant("store/embedded/a.ts", `import { DuckDBInstance } from "@duckdb/node-api"; import "../store.ts";`);
  plant("store/store.ts", `import { DuckDBInstance } from "@duckdb/node-api";`);
  plant("server/a.ts", `import { openEmbeddedStore } from "../store/embedded/a.ts";`);
  const { violations } = checkImports(root, layers);
  expect(violations.map((violation) => violation.split(" ")[0])).toEqual(["server/a.ts", "store/store.ts"]);
});

test("what the table allows, and tests of any kind, pass", () => {
  plant("model/a.ts", `import { z } from "zod"; import { b } from "../base/b.ts"; import { c } from "./c.ts";`);
  plant(
    "model/a.test.ts",
    `import { readFileSync } from "node:fs"; import { startServer } from "../server/server.ts";`,
  );
  plant("server/a.ts", `import fastify from "fastify"; import cors from "@fastify/static"; import "node:http";`);
  expect(checkImports(root, layers)).toMatchObject({ files: 3, imports: 6, violations: [] });
});
