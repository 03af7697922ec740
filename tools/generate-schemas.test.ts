import { readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { reportOn } from "../src/analysis/outcome.fixture.ts";
import { healthyRows, random, usualShape } from "../src/analysis/synthetic.fixture.ts";
import { toJson } from "../src/model/number.ts";
import { schemas } from "./generate-schemas.ts";

const folder = new URL("../docs/schemas/", import.meta.url);

test("published schemas are those of the code (npx tsx tools/generate-schemas.ts)", () => {
  const published = readdirSync(folder).filter((name) => schemas().has(name));
  expect(published.sort()).toEqual([...schemas().keys()].sort());
  for (const [name, text] of schemas()) expect(readFileSync(new URL(name, folder), "utf8")).toBe(text);
});

test("a report with findings, as it is printed, is valid", () => {
  const validate = new Ajv({ strict: false }).compile(JSON.parse(schemas().get("report-1.json") ?? ""));
  const rows = healthyRows(random(1), usualShape).map((row, i) => (i < 90 ? row : { ...row, loss: Number.NaN }));
  const report = reportOn({ rows });
  expect(report.findings.length).toBeGreaterThan(0);
  const printed: unknown = JSON.parse(toJson(report));
  expect(validate(printed), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...report, schema: "other" })).toBe(false);
});
