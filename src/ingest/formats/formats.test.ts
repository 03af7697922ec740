import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkFormat, decodeInPieces, goldenOf } from "../format.contract.ts";
import { formats, sniffFormat } from "./index.ts";

/** Regenerate with UPDATE_GOLDENS=1 and review the difference. */
const isUpdate = process.env["UPDATE_GOLDENS"] === "1";
const root = new URL("../../../fixtures/formats/", import.meta.url).pathname;
const samples = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** A fixed sequence, so that a failure can be repeated (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test("there are samples", () => expect(samples.length).toBeGreaterThan(20));

describe.each(samples)("%s", (name) => {
  const directory = join(root, name);
  const file = readdirSync(directory).find((entry) => entry !== "golden.json") ?? "";
  const bytes = new Uint8Array(readFileSync(join(directory, file)));

  test("is read as in its golden", () => {
    const format = sniffFormat(bytes.subarray(0, 65_536), "unknown");
    if (format === undefined) throw new Error(`${name} is not recognised`);
    const golden = goldenOf(format, decodeInPieces(format, bytes, []));
    const path = join(directory, "golden.json");
    if (isUpdate || !existsSync(path)) writeFileSync(path, goldenText(golden));
    expect(golden).toEqual(JSON.parse(readFileSync(path, "utf8")));
  });

  test("is the same for every cut of its bytes", () => expect(checkFormat(bytes, seeded(7))).toEqual([]));
});

/** Two levels of lines: a point, a record is one line. */
function goldenText(golden: ReturnType<typeof goldenOf>): string {
  const lines = (items: readonly unknown[]): string => items.map((item) => `\n    ${JSON.stringify(item)}`).join(",");
  const series = Object.entries(golden.series).map(
    ([id, points]) => `\n    ${JSON.stringify(id)}: ${JSON.stringify(points)}`,
  );
  return `{
  "format": ${JSON.stringify(golden.format)},
  "dialect": ${JSON.stringify(golden.dialect)},
  "config": ${JSON.stringify(golden.config)},
  "series": {${series.join(",")}},
  "records": [${lines(golden.records)}],
  "rejected": [${lines(golden.rejected)}]
}
`;
}

test("the list holds every format of the folder, each under its own name", () => {
  const folder = readdirSync(new URL(".", import.meta.url).pathname)
    .filter((file) => file.endsWith(".ts") && !file.includes(".test.") && file !== "index.ts")
    .map((file) => file.slice(0, -3));
  expect(formats.map(({ id }) => id).toSorted()).toEqual(folder.toSorted());
});
