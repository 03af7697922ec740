import { describe, expect, test } from "vitest";
import { fault, healthy, onsetOf, rulesOn } from "../families.fixture.ts";
import { changesOf, findingOf, missingFor, without } from "../outcome.fixture.ts";
import { healthyRows, random, usualShape } from "../synthetic.fixture.ts";
import { series } from "../system.fixture.ts";

const rule = "desynchronised-ranks";
const rows = healthyRows(random(7), { ...usualShape, evalEvery: 0 });

describe(rule, () => {
  test("the step and the rank that comes apart", () => {
    const finding = findingOf(rule, fault("apart", 2));
    expect(finding).toMatchObject({ severity: "error", onset: { step: onsetOf("apart", 2) } });
    expect(finding?.causes[0]?.id).toBe("silent-data-corruption");
  });

  test("ranks that never were equal started from other weights", () => {
    const finding = findingOf(rule, fault("otherStart"));
    expect(finding).toMatchObject({ onset: { step: 10 } });
    expect(finding?.causes[0]?.id).toBe("different-seed-or-init");
    expect(changesOf(finding)).toContainEqual({ key: "seed", from: null, to: 42 });
    const seeded = findingOf(rule, { ...fault("otherStart"), config: { ...fault("otherStart").config, seed: 1 } });
    expect(changesOf(seeded).map(({ key }) => key)).not.toContain("seed");
  });

  test("the layer is named where each has its hash", () => {
    const hashes = ["model.embed", "model.norm"].flatMap((layer) =>
      [0, 1].map((rank) =>
        series(
          "parameters/hash",
          { rank: String(rank), layer },
          Array.from({ length: 10 }, (_, i) => i + (layer === "model.norm" && rank === 1 && i >= 4 ? 0.5 : 0)),
        ),
      ),
    );
    const finding = findingOf(rule, { rows, series: hashes });
    expect(finding?.onset).toMatchObject({ step: 50, layer: "model.norm", rank: 1 });
    expect(finding?.message).toContain("(1 of 2 layers)");
  });

  test("gradient norms that were equal and part", () => {
    const norms = [0, 1].map((rank) =>
      series(
        "grad_norm",
        { rank: String(rank) },
        Array.from({ length: 60 }, (_, i) => 1 + 0.1 * (i % 5) + (rank === 1 && i >= 30 ? 0.2 : 0)),
      ),
    );
    expect(findingOf(rule, { rows: without(rows, "grad_norm"), series: norms })).toMatchObject({
      onset: { step: 310 },
    });
  });

  test("is silent when hashes agree, and when ranks note their norms before they are averaged", () => {
    expect(rulesOn(healthy("ranksAlike"))).toEqual([]);
    const next = random(3);
    const norms = [0, 1].map((rank) =>
      series(
        "grad_norm",
        { rank: String(rank) },
        Array.from({ length: 60 }, () => Math.exp(0.2 * next.normal())),
      ),
    );
    expect(findingOf(rule, { rows: without(rows, "grad_norm"), series: norms })).toBeUndefined();
  });

  test("is not applicable to one rank", () => {
    expect(missingFor(rule, { rows })).toHaveLength(1);
  });
});
