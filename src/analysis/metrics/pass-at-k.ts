import { defineMetric } from "../metric.ts";
import { measureOfMean } from "../measures/sums.ts";

const ks = [1, 2, 4, 5, 8, 10, 16, 32, 64, 100] as const;

export const passAtK = defineMetric({
  id: "pass-at-k",
  title: "pass@k",
  names: ks.map((k) => `pass@${k}`),
  tasks: ["generation"],
  range: [0, 1],
  source: "human-eval evaluation.py, estimate_pass_at_k",
  measure(examples) {
    const counts = examples.flatMap(({ samples }) => (samples === null || samples.count === 0 ? [] : [samples.count]));
    if (counts.length === 0) return { missing: ["samples (how many answers there are and how many of them passed)"] };
    const fewest = Math.min(...new Set(counts));
    return ks
      .filter((k) => k <= fewest)
      .map((k) => {
        const values = Float64Array.from(examples, ({ samples }) =>
          samples === null || samples.count === 0 ? Number.NaN : passAt(k, samples.count, samples.passed),
        );
        const most = Math.max(...new Set(counts));
        const signature = `pass@${k}|samples:${fewest === most ? fewest : `${fewest} to ${most}`}|unbiased`;
        return measureOfMean({ name: `pass@${k}`, signature, better: "higher" }, values, (value) => 1 - value);
      });
  },
});

/** How likely at least one of `k` samples, drawn from these without putting back, has passed. */
function passAt(k: number, count: number, passed: number): number {
  if (count - passed < k) return 1;
  let noneOf = 1;
  for (let n = count - passed + 1; n <= count; n += 1) noneOf *= 1 - k / n;
  return 1 - noneOf;
}
