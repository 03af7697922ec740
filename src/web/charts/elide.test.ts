import { expect, test } from "vitest";
import { elide } from "./elide.ts";

const short = (path: string, most: number): string => {
  const { head, tail } = elide(path, most);
  return head + tail;
};

test("block and last name stay", () => {
  expect(short("model.layers.0.attention.wq", 13)).toBe("layers.0…wq");
  expect(short("model.layers.1.attention.wq", 13)).toBe("layers.1…wq");
  expect(short("model.layers.1.attention.wq", 22)).toBe("layers.1…attention.wq");
  expect(short("model.layers.11.mlp.down_proj", 13)).toBe("11…down_proj");
  expect(short("lm_head", 13)).toBe("lm_head");
});

test("what has no room even so keeps its begin and its end", () => {
  const text = short("model.layers.11.mlp.a_very_long_name_of_a_module", 13);
  expect(text).toHaveLength(13);
  expect(text).toMatch(/^11….*module$/);
});
