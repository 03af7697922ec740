/** Lists against folders: whatever is one file and one line in a list is forgotten in neither. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { checks } from "../src/analysis/lint/checks/index.ts";
import { attributes } from "../src/analysis/attributes/index.ts";
import { dataFaults } from "../src/analysis/data-faults/index.ts";
import { metrics } from "../src/analysis/metrics/index.ts";
import { rules } from "../src/analysis/rules/index.ts";
import { detectionMetrics, rankingMetrics, temporalMetrics } from "../src/analysis/unit-metrics/index.ts";
import { signs } from "../src/analysis/signs/index.ts";
import * as evaluation from "../src/api/evaluation.ts";
import * as layers from "../src/api/layers.ts";
import * as points from "../src/api/points.ts";
import * as records from "../src/api/records.ts";
import { routes } from "../src/api/index.ts";
import * as runs from "../src/api/runs.ts";
import * as server from "../src/api/server.ts";
import * as verification from "../src/api/verification.ts";
import { commands } from "../src/cli/commands/index.ts";
import { formats } from "../src/ingest/formats/index.ts";
import { endpoints } from "../src/server/routes/index.ts";
import { pages } from "../src/web/pages/index.ts";

const root = resolve(import.meta.dirname, "..");

const camelCase = (id: string): string => id.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Base names of the files of a folder that each hold one item: no tests, no list, no support. */
const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((file) => /^[a-z0-9-]+\.ts$/.test(file) && file !== "index.ts")
    .map((file) => file.slice(0, -".ts".length))
    .toSorted();

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

test.each([
  { folder: "src/analysis/rules", list: rules, suffix: "" },
  { folder: "src/analysis/signs", list: signs, suffix: "" },
  { folder: "src/analysis/lint/checks", list: checks, suffix: "" },
  { folder: "src/analysis/metrics", list: metrics, suffix: "" },
  { folder: "src/analysis/attributes", list: attributes, suffix: "" },
  {
    folder: "src/analysis/unit-metrics",
    list: [...rankingMetrics, ...detectionMetrics, ...temporalMetrics],
    suffix: "",
  },
  { folder: "src/analysis/data-faults", list: dataFaults, suffix: "" },
  { folder: "src/ingest/formats", list: formats, suffix: "" },
  // `import` and others are words of the language and cannot name an export.
  { folder: "src/cli/commands", list: commands, suffix: "Command" },
])("$folder: each file is listed, its name is its id and its export", async ({ folder, list, suffix }) => {
  const ids = list.map((item) => item.id);
  expect(ids.length).toBeGreaterThan(0);
  expect(ids.toSorted()).toEqual(filesIn(folder));
  for (const item of list) {
    const module: unknown = await import(join(root, folder, `${item.id}.ts`));
    expect(isObject(module) && module[`${camelCase(item.id)}${suffix}`], item.id).toBe(item);
  }
});

test("each rule has its page, and each page its rule", () => {
  for (const { id } of rules) {
    const page = join(root, "docs/rules", `${id}.md`);
    expect(existsSync(page) && readFileSync(page, "utf8").length > 200, `docs/rules/${id}.md`).toBe(true);
  }
  const pagesOfNothing = readdirSync(join(root, "docs/rules"))
    .filter((file) => file.endsWith(".md") && file !== "README.md")
    .filter((file) => !rules.some(({ id }) => file === `${id}.md`));
  expect(pagesOfNothing).toEqual([]);
});

test("each web page has its folder, and each folder its page", () => {
  const folder = join(root, "src/web/pages");
  const folders = readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory());
  expect(pages.map(({ id }) => id).toSorted()).toEqual(folders.toSorted());
  for (const { id } of pages) expect(existsSync(join(folder, id, "page.tsx")), id).toBe(true);
  expect(new Set(pages.map(({ route }) => route)).size).toBe(pages.length);
});

test("each route of the API is listed once and has an endpoint", () => {
  const isRoute = (value: unknown): value is { id: string } =>
    isObject(value) && typeof value["method"] === "string" && typeof value["path"] === "string";
  const defined = [evaluation, layers, points, records, runs, server, verification].flatMap((module) =>
    Object.values(module).filter(isRoute),
  );
  const listed = routes.map(({ id }) => id);
  expect(defined.length).toBeGreaterThan(10);
  expect(listed.toSorted()).toEqual(defined.map(({ id }) => id).toSorted());
  expect(new Set(listed).size).toBe(listed.length);
  expect(endpoints.map(({ route }) => route.id).toSorted()).toEqual(listed.toSorted());
  // A file that is added to the folder has to be added to this test as well.
  expect(filesIn("src/api")).toEqual([
    "evaluation",
    "events",
    "layers",
    "points",
    "records",
    "route",
    "runs",
    "server",
    "verification",
  ]);
});
