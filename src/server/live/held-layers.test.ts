import { expect, test } from "vitest";
import { HeldLayers, isHeld, maxHeldLayerPoints } from "./held-layers.ts";

const points = (length: number, from = 0) => ({
  name: "layer/grad_norm",
  labels: { layer: "head" },
  step: Float64Array.from({ length }, (_, i) => from + i),
  time: new Float64Array(length),
  value: Float64Array.from({ length }, (_, i) => from + i),
});

test("a short series is held whole, a long one ever thinner", () => {
  const held = new HeldLayers();
  expect(held.take("a", points(1000))?.value).toHaveLength(1000);
  let rows = 0;
  for (let row = 0; row < 1_000_000; row += 1) if (isHeld(row)) rows += 1;
  expect(rows).toBeGreaterThan(5000);
  expect(rows).toBeLessThan(7000);
});

test("what is held does not depend on the size of the batches", () => {
  const whole = new HeldLayers().take("a", points(9000));
  const pieces = new HeldLayers();
  const steps: number[] = [];
  for (let from = 0; from < 9000; from += 7)
    steps.push(...(pieces.take("a", points(Math.min(7, 9000 - from), from))?.step ?? []));
  expect(steps).toEqual(Array.from(whole?.step ?? []));
  expect(pieces.thinned).toBe(9000 - steps.length);
});

test("all layers together stay below the limit", () => {
  const held = new HeldLayers();
  for (let layer = 0; layer < 3000; layer += 1) held.take(`l${layer}`, points(1000));
  expect(held.points).toBe(maxHeldLayerPoints);
  expect(held.cut).toBe(3000 * 1000 - maxHeldLayerPoints);
});
