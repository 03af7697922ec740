import { expect, test } from "vitest";
import { compareCodePoints } from "./code-points.ts";

test("texts are ordered as their UTF-8 bytes are", () => {
  const texts = ["", "a", "ab", "b", "é", "\ud7ff", "\ue000", "\uffee", "\u{10000}", "\u{1d53d}", "\u{10ffff}"];
  const encoder = new TextEncoder();
  const bytes = (text: string): string =>
    [...encoder.encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  for (const a of texts)
    for (const b of texts) {
      const wanted = bytes(a) < bytes(b) ? -1 : bytes(a) > bytes(b) ? 1 : 0;
      expect(Math.sign(compareCodePoints(a, b)), `${a} ${b}`).toBe(wanted);
    }
});
