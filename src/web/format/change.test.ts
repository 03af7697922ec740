import { expect, test } from "vitest";
import { changeText } from "./change.ts";

test("a change is copied as the lines of a diff", () => {
  expect(changeText([{ key: "learning_rate", from: 0.05, to: 0.005 }])).toBe(
    "-learning_rate: 0.05\n+learning_rate: 0.005",
  );
});

test("what was not set before has no line to take away", () => {
  const changes = [
    { key: "bf16", from: null, to: true },
    { key: "optim", from: "sgd", to: "adamw_torch" },
  ];
  expect(changeText(changes)).toBe("+bf16: true\n-optim: sgd\n+optim: adamw_torch");
});
