import { expect, test } from "vitest";
import { formatView, parseView, type View } from "./view.ts";

test("what is written is read back", () => {
  const view: View = {
    x: "tokens",
    smoothing: 0.95,
    logY: true,
    from: 12.5,
    to: 900,
    finding: "loss-spike@40",
    log: "a=b & c",
    runs: ["a", "b.c"],
  };
  expect(parseView(formatView(view))).toEqual(view);
});

test("defaults leave no trace, an explicitly closed finding does", () => {
  expect(formatView({ x: undefined, logX: undefined, log: "" })).toBe("");
  expect(parseView(formatView({ finding: "" }))).toEqual({ finding: "" });
});

test("a bad field is left out, the others stay", () => {
  expect(parseView("?x=nonsense&smoothing=7&logY=1&from=abc&to=5&__proto__=1")).toEqual({ logY: true, to: 5 });
});
