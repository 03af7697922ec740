import { expect, test } from "vitest";
import { Screen } from "./screen.ts";

function screen(columns: number | null = 80): { screen: Screen; written: () => string } {
  let written = "";
  const made = new Screen(
    (text) => {
      written += text.toString();
    },
    columns === null ? undefined : () => columns,
  );
  return { screen: made, written: () => written };
}

test("on a fresh line a notice is just printed", () => {
  const { screen: s, written } = screen();
  s.saw(Buffer.from("epoch 1\n"));
  s.print("notice\n");
  expect(written()).toBe("notice\n");
});

test("a progress bar is cleared, and put back below the notice", () => {
  const { screen: s, written } = screen();
  s.saw(Buffer.from("start\n\r 10%|#   |\r 20%|##  |"));
  s.print("notice\n");
  expect(written()).toBe("\r\u001b[Jnotice\n 20%|##  |");
});

test("a prompt is put back with its colours", () => {
  const { screen: s, written } = screen();
  s.saw(Buffer.from("\u001b[1mContinue?\u001b[0m [y/N] "));
  s.print("notice\n");
  expect(written()).toBe("\r\u001b[Jnotice\n\u001b[1mContinue?\u001b[0m [y/N] ");
});

test("a bar that wraps is cleared over all its rows", () => {
  const { screen: s, written } = screen(10);
  s.saw(Buffer.from("x".repeat(25)));
  s.print("notice\n");
  expect(written()).toBe(`\r\u001b[2A\u001b[Jnotice\n${"x".repeat(25)}`);
});

test("several bars at once cannot be put back: the notice gets lines of its own", () => {
  const { screen: s, written } = screen();
  s.saw(Buffer.from("\n\rinner 3/10\u001b[A"));
  s.print("notice\n");
  expect(written()).toBe("\r\n\u001b[Jnotice\n");
});

test("waits while the child is inside an escape sequence, a character or the full-screen mode", () => {
  for (const [begin, rest] of [
    ["\u001b[3", "1mred\n"],
    ["caf\u00c3", "\n"],
    ["\u001b[?1049hdialog", "\u001b[?1049l"],
  ] as const) {
    const { screen: s, written } = screen();
    s.saw(Buffer.from(begin, "latin1"));
    s.print("notice\n");
    expect(written()).toBe("");
    s.saw(Buffer.from(rest, "latin1"));
    expect(written()).toContain("notice\n");
  }
});

test("what still waits is printed at the end", () => {
  const { screen: s, written } = screen();
  s.saw(Buffer.from("\u001b[?1049h"));
  s.print("notice\n");
  s.end();
  expect(written()).toContain("notice\n");
});

test("notices that go elsewhere carry no escape sequences", () => {
  const { screen: s, written } = screen(null);
  s.saw(Buffer.from(" 20%|##  |"));
  s.print("notice\n");
  expect(written()).toBe("notice\n");
});
