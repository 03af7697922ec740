import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { flatten, FlatConfig } from "../../model/config.ts";
import { lintSettings } from "./lint-settings.ts";
import { checks } from "./checks/index.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

test("each check has a firing and an innocent case", () => {
  const cases = read("settings-checks.test.ts") + read("data-checks.test.ts");
  expect(checks.filter(({ id }) => !cases.includes(`check: "${id}"`)).map(({ id }) => id)).toEqual([]);
});

test("docs/lint.md has a row for each check, with its source, and for no other", () => {
  const rows = read("../../../docs/lint.md").matchAll(/^\| `([\w-]+)` \| (.+) \| (\S+) \|$/gm);
  const documented = [...rows].map(([, id, text, source]) => [id, text, source]);
  expect(documented.map(([id]) => id)).toEqual(checks.map(({ id }) => id));
  for (const [i, { title, why, source }] of checks.entries()) {
    expect(documented[i]?.[1]).toBe(`**${title}.** ${why}`);
    expect(documented[i]?.[2]).toBe(source);
  }
});

test("the settings of recorded healthy runs are not warned of", () => {
  const folder = new URL("../../../fixtures/", import.meta.url);
  const healthy = readdirSync(folder).filter((name) => name.includes("healthy"));
  expect(healthy.length).toBeGreaterThan(3);
  for (const name of healthy) {
    const { config } = z
      .object({ config: FlatConfig })
      .parse(JSON.parse(readFileSync(new URL(`${name}/run.json`, folder), "utf8")));
    expect(
      lintSettings(config, "hf").filter(({ severity }) => severity !== "info"),
      name,
    ).toEqual([]);
  }
});

test("settings of a run: known trainers have their defaults, an unknown loop has none", () => {
  const ids = (config: object, dialect: string | null): string[] =>
    lintSettings(flatten(config), dialect).map(({ check }) => check);
  expect(ids({ learning_rate: 0.3 }, "hf")).toEqual(["learning-rate-extreme"]);
  expect(ids({ learning_rate: 0.3, momentum: 0.9 }, null)).toEqual([]);
  expect(ids({ lr: 0 }, null)).toEqual(["learning-rate-extreme"]);
  expect(ids({ bf16: true, fp16: true, learning_rate: 2e-5 }, "trl")).toEqual(["precision-conflict"]);
});
