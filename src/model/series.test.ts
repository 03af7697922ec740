import { expect, test } from "vitest";
import { seriesId, type Labels } from "./series.ts";

test("a series without labels is called by its name", () => {
  expect(seriesId("train/loss")).toBe("train/loss");
  expect(seriesId("loss", { split: "eval", rank: "0" })).toBe("loss{rank=0,split=eval}");
});

test("different series never share an id", () => {
  const texts = ["a", "a{b=c}", "a{b=c\\}", "a\\", "a\\{b=c}", "b", "c", "c\\", "{", "}", "b=c", "c,b=c"];
  const ids = new Map<string, string>();
  const claim = (name: string, labels: Labels): void => {
    const id = seriesId(name, labels);
    const owner = JSON.stringify([name, labels]);
    expect(ids.get(id) ?? owner).toBe(owner);
    ids.set(id, owner);
  };
  for (const name of texts) {
    claim(name, {});
    for (const key of texts) for (const value of texts) claim(name, { [key]: value });
  }
  expect(ids.size).toBe(texts.length * (1 + texts.length ** 2));
});
