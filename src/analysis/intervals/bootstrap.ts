import { Random } from "../../base/random.ts";
import { quantile } from "../../base/statistics.ts";
import type { Measure, SumRows } from "../metric.ts";
import { mostBlocks } from "./blocks.ts";

/** As sacreBLEU (`-b`), rouge_score and SciPy's examples take; the end points then move by a few per cent of the width. */
const resamples = 1000;
/** Resampling fewer tells nothing about what was not drawn. */
const fewestUnits = 10;
/** Weights drawn in all for a metric that has no sums: bounds the time of a million examples to some seconds. */
const mostWeights = 2e8;
const fewestResamples = 200;

/** Which examples are drawn together: one number for each example, and how many there are. */
export interface Units {
  readonly of: Int32Array;
  readonly count: number;
}

/** Each example by itself, or with the others of its group. */
export function unitsOf(groups: readonly (string | null)[]): Units {
  const numbers = new Map<string, number>();
  let count = 0;
  const of = Int32Array.from(groups, (group) => {
    const known = group === null ? undefined : numbers.get(group);
    if (known !== undefined) return known;
    if (group !== null) numbers.set(group, count);
    count += 1;
    return count - 1;
  });
  return { of, count };
}

/** The percentile interval of a measure over resampled units; null where there are too few, or it is seldom defined. */
export function bootstrap(measure: Measure, units: Units, seed: number): readonly [low: number, high: number] | null {
  if (units.count < fewestUnits || measure.n < fewestUnits) return null;
  const values =
    measure.sums === null ? overWeights(measure, units, new Random(seed)) : overSums(measure.sums, units, seed);
  const defined = values.filter((value) => !Number.isNaN(value));
  // A metric that is often undefined (one class missing from the resample) has no honest interval.
  if (defined.length < 0.95 * values.length) return null;
  return [quantile(defined, 0.025), quantile(defined, 0.975)];
}

interface Resampled {
  readonly units: Units;
  readonly seed: number;
  /** The sums of each resample, one behind the other. */
  readonly sums: Float64Array;
}

/** A dozen averages of precision and recall are functions of the same sums, which are drawn once. */
const resampledOf = new WeakMap<SumRows, Resampled>();

function overSums({ rows, value }: NonNullable<Measure["sums"]>, units: Units, seed: number): Float64Array {
  const { width } = rows;
  const known = resampledOf.get(rows);
  const drawn =
    known?.units === units && known.seed === seed ? known : { units, seed, sums: resample(rows, units, seed) };
  resampledOf.set(rows, drawn);
  return Float64Array.from({ length: resamples }, (_, round) =>
    value(drawn.sums.subarray(round * width, (round + 1) * width)),
  );
}

function resample(rows: SumRows, units: Units, seed: number): Float64Array {
  const { width } = rows;
  const random = new Random(seed);
  const blocked = units.count > mostBlocks;
  const count = blocked ? mostBlocks : units.count;
  const blockOf = Int32Array.from({ length: units.count }, (_, unit) => (blocked ? unit % mostBlocks : unit));
  if (blocked) random.shuffle(blockOf);
  const blocks = new Float64Array(count * width);
  units.of.forEach((unit, example) => rows.add(example, 1, blocks, (blockOf[unit] ?? 0) * width));
  const sums = new Float64Array(resamples * width);
  for (let to = 0; to < sums.length; to += width)
    for (let draw = 0; draw < count; draw += 1) {
      const from = random.below(count) * width;
      for (let column = 0; column < width; column += 1)
        sums[to + column] = (sums[to + column] ?? 0) + (blocks[from + column] ?? 0);
    }
  return sums;
}

function overWeights(measure: Measure, units: Units, random: Random): Float64Array {
  const n = units.of.length;
  const length = Math.max(fewestResamples, Math.min(resamples, Math.floor(mostWeights / n)));
  const drawn = new Int32Array(units.count);
  const weights = new Int32Array(n);
  return Float64Array.from({ length }, () => {
    drawn.fill(0);
    for (let draw = 0; draw < units.count; draw += 1) {
      const unit = random.below(units.count);
      drawn[unit] = (drawn[unit] ?? 0) + 1;
    }
    for (let example = 0; example < n; example += 1) weights[example] = drawn[units.of[example] ?? 0] ?? 0;
    return measure.value(weights);
  });
}
