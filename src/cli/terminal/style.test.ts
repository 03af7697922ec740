import { expect, test } from "vitest";
import { createStyle } from "./style.ts";

const red = (isTTY: boolean, env: Record<string, string>): string => createStyle({ isTTY }, env).colours.red("x");

test("colours on a terminal, none in a pipe, NO_COLOR above FORCE_COLOR", () => {
  expect(red(true, {})).not.toBe("x");
  expect(red(false, {})).toBe("x");
  expect(red(true, { NO_COLOR: "1" })).toBe("x");
  expect(red(false, { FORCE_COLOR: "1" })).not.toBe("x");
  expect(red(true, { FORCE_COLOR: "0" })).toBe("x");
  expect(red(true, { NO_COLOR: "1", FORCE_COLOR: "1" })).toBe("x");
  expect(red(true, { TERM: "dumb" })).toBe("x");
});

test("block characters only where locale and terminal have them", () => {
  const unicode = (env: Record<string, string>): boolean => createStyle({ isTTY: true }, env).unicode;
  expect(unicode({ LANG: "de_DE.UTF-8" })).toBe(true);
  expect(unicode({ LC_ALL: "C", LANG: "de_DE.UTF-8" })).toBe(false);
  expect(unicode({ LANG: "C.utf8", TERM: "linux" })).toBe(false);
  expect(unicode({})).toBe(false);
});
