import { expect, test } from "vitest";
import { configRows } from "./config-rows.ts";

test("keys differ when a value differs or is missing, and keys of an object's prototype are plain data", () => {
  const rows = configRows([JSON.parse('{"lr": 0.1, "seed": 1, "__proto__": "x"}'), { lr: 0.2, seed: 1 }]);
  expect(rows).toEqual([
    { key: "__proto__", values: ["x", undefined], differs: true },
    { key: "lr", values: [0.1, 0.2], differs: true },
    { key: "seed", values: [1, 1], differs: false },
  ]);
});
