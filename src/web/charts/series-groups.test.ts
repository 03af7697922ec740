import { expect, test } from "vitest";
import type { SeriesInfo } from "../../api/points.ts";
import { seriesId } from "../../model/series.ts";
import { groupSeries, labelText, prefixOf } from "./series-groups.ts";

const info = (name: string, labels: Record<string, string> = {}): SeriesInfo => ({
  id: seriesId(name, labels),
  name,
  labels,
  count: 1,
  nonFinite: 0,
  segments: 1,
  firstStep: 0,
  lastStep: 0,
  lastValue: 0,
  min: 0,
  max: 0,
  lastTime: null,
});

test.each([
  ["loss", "metrics"],
  ["grad_norm", "metrics"],
  ["train/loss", "train"],
  ["eval_loss", "eval"],
  ["train_runtime", "train"],
  ["system/gpu0/memory", "system"],
  ["rewards/chosen", "rewards"],
  ["/odd", "metrics"],
  ["eval", "metrics"],
])("%s belongs to %s", (name, group) => expect(prefixOf(name)).toBe(group));

test("the loss comes first, the machine last, and labels share a chart", () => {
  const groups = groupSeries(
    ["system/cpu", "eval_loss", "zeta", "learning_rate", "loss", "grad_norm", "custom/a"]
      .map((name) => info(name))
      .concat(["10", "2"].map((layer) => info("update_ratio", { layer }))),
  );
  expect(groups.map(({ name }) => name)).toEqual(["metrics", "eval", "custom", "system"]);
  expect(groups[0]?.metrics.map(({ name }) => name)).toEqual([
    "loss",
    "grad_norm",
    "learning_rate",
    "update_ratio",
    "zeta",
  ]);
  expect(groups[0]?.metrics[3]?.series.map(labelText)).toEqual(["layer 2", "layer 10"]);
});
