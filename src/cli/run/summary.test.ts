import { expect, test } from "vitest";
import { createStyle } from "../terminal/style.ts";
import { readingLines } from "./summary.ts";
import { Watch } from "./watch.ts";

const style = createStyle({ isTTY: false, columns: 100 }, {});
/** What the end says of a command that printed this. */
const said = (printed: string): string => {
  const watch = new Watch({
    id: "run",
    name: "run",
    startedAt: 0,
    config: {},
    // As with a server: what no rule looks at is not kept here.
    sink: { add: () => undefined, changeRun: () => undefined },
    now: () => 0,
  });
  watch.console("out", new TextEncoder().encode(printed));
  watch.end(0, 1);
  return readingLines(watch, style).join(" ").replace(/\s+/g, " ");
};

test("nothing read says how to print", () => {
  expect(said("hello\nworld\n")).toContain("No metric was printed or written");
});

test("names that are no loss are named, and what to call one", () => {
  const text = said("step 10: widget_error_index=1.5 accuracy=0.25\nstep 20: widget_error_index=1.25 accuracy=0.5\n");
  expect(text).not.toContain("No metric");
  expect(text).toContain("widget_error_index, accuracy");
  expect(text).toContain("None of these names is known as a loss");
  expect(text).toContain("`train_loss`");
});

test.each(["it 10/600 | train xent 1.23 | dev xent 1.30\n", "step=1 loss=2.5\n", "step=1 reward=0.5 kl=0.1\n"])(
  "a loss or a reward needs no word: %s",
  (printed) => {
    expect(said(printed)).toBe("");
  },
);
