import { expect, test } from "vitest";
import { blockOf, columnAt, kindOf, rowOfLayer, rowsOf, sharedPrefix } from "./rows.ts";

const matrix = {
  layers: ["embed", "blocks.0.fc", "blocks.0.out", "blocks.1.fc"],
  steps: [0, 10],
  lastStep: 10,
  values: [1, 2, 3, 4, 5, null, 7, 8],
  nonFinite: [{ layer: 2, column: 1, count: 3 }],
};

test("modules, blocks and kinds", () => {
  expect(rowsOf(matrix, "modules", "", "max").map(({ name }) => name)).toEqual(matrix.layers);
  const blocks = rowsOf(matrix, "blocks", "", "max");
  expect(blocks.map(({ name, values }) => [name, values])).toEqual([
    ["embed", [1, 2]],
    ["blocks.0", [5, 4]],
    ["blocks.1", [7, 8]],
  ]);
  expect(blocks[1]?.nonFinite.get(1)).toBe(3);
  expect(rowsOf(matrix, "blocks", "", "min")[1]?.values).toEqual([3, 4]);
  expect(rowsOf(matrix, "kinds", "", "max").map(({ name }) => name)).toEqual([
    "embed",
    "blocks.0.fc",
    "blocks.1.fc",
    "blocks.0.out",
  ]);
  expect(rowsOf(matrix, "modules", "FC 1", "max").map(({ name }) => name)).toEqual(["blocks.1.fc"]);
});

test("paths", () => {
  expect(blockOf("model.layers.12.mlp.fc")).toBe("model.layers.12");
  expect(blockOf("lm_head")).toBe("lm_head");
  expect(kindOf("net.0")).toBe("net.*");
  expect(sharedPrefix("blocks.1.mlp.fc", "blocks.1.attn")).toBe("blocks.1.");
  expect(sharedPrefix("head", "blocks.1.attn")).toBe("");
  expect([columnAt([0, 10], -1), columnAt([0, 10], 5), columnAt([0, 10], 99)]).toEqual([-1, 0, 1]);
});

test("a layer without a row of its own is found at the first module inside it", () => {
  const rows = rowsOf(matrix, "modules", "", "max");
  expect(["blocks.0.out", "blocks.1", "blocks.0", "block", "head"].map((layer) => rowOfLayer(rows, layer))).toEqual([
    2, 3, 1, -1, -1,
  ]);
});
