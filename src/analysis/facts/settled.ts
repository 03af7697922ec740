import { defineFact, type Fact } from "../fact.ts";
import type { Curve } from "../fold.ts";

/** A long curve is cut into this many pieces at least, twice as many at most. */
const pieces = 128;

const kept = new WeakMap<object, Curve>();

/**
 * The curve without the last rows that do not fill a whole piece of it: less than 1/128 of a long curve, nothing of one
 * below 256 rows. For facts that look at the whole course and cost more than a few rows: the answer is the same
 * object until the next piece is full, so what depends on nothing else is not derived again at each batch.
 */
function settled(curve: Curve): Curve {
  const grain = 2 ** Math.max(0, Math.floor(Math.log2(curve.length / pieces)));
  const length = curve.length - (curve.length % grain);
  const known = curve.origin === undefined ? undefined : kept.get(curve.origin);
  if (known?.length === length && known.series === curve.series) return known;
  const cut: Curve = {
    ...curve,
    step: curve.step.subarray(0, length),
    time: curve.time.subarray(0, length),
    value: curve.value.subarray(0, length),
    length,
  };
  if (curve.origin !== undefined) kept.set(curve.origin, cut);
  return cut;
}

/** A fact's curve, settled. */
export const settledOf = (fact: Fact<Curve>): Fact<Curve> =>
  defineFact({
    id: fact.id,
    derive(_run, get) {
      const curve = get(fact);
      return curve === undefined ? undefined : settled(curve);
    },
  });
