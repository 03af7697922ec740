import { expect, test } from "vitest";
import { mostOf } from "./missing.ts";

test("of one series only the most rows are said, in the order of first need", () => {
  expect(mostOf(["loss, 20 rows of it", "grad_norm", "loss, 40 rows of it", "loss", "kl, 12 rows of it"])).toEqual([
    "loss, 40 rows of it",
    "grad_norm",
    "kl, 12 rows of it",
  ]);
});
