import { z } from "zod";
import { Task } from "./example.ts";
import { WireNumber } from "./number.ts";

/** `no-difference-shown`: the examples cannot tell. It is no proof that there is none. */
const ComparisonVerdict = z.enum(["better", "worse", "no-difference-shown"]);

/** One metric of A and of B on the examples that both have; `difference` is B minus A. */
export const MetricComparison = z.object({
  name: z.string(),
  signature: z.string(),
  better: z.enum(["higher", "lower"]),
  n: z.number(),
  a: WireNumber,
  b: WireNumber,
  difference: WireNumber,
  low: WireNumber.nullable(),
  high: WireNumber.nullable(),
  level: z.number(),
  /** Two-sided; null where no test is possible. */
  p: z.number().nullable(),
  /** That of the metric that decides as it is; all others corrected by Holm for how many were tested beside it. */
  corrected: z.number().nullable(),
  test: z.enum(["mcnemar-exact", "approximate-randomization", "paired-bootstrap", "seeds-t", "none"]),
  verdict: ComparisonVerdict,
});
export type MetricComparison = z.infer<typeof MetricComparison>;

/** How small a difference these examples can show, and how many would be needed for a smaller one (power 80 %). */
export const Power = z.object({
  metric: z.string(),
  examples: z.number(),
  visible: WireNumber,
  needed: z.array(z.object({ difference: z.number(), examples: z.number() })),
});
export type Power = z.infer<typeof Power>;

/** What `llmdbg compare --json` prints. Published as docs/schemas/comparison-1.json. */
export const ExampleComparison = z.object({
  schema: z.literal("llmdbg.comparison/1"),
  task: Task,
  a: z.object({ name: z.string(), n: z.number(), seeds: z.number() }),
  b: z.object({ name: z.string(), n: z.number(), seeds: z.number() }),
  /** Examples that both have, and those that only one has. */
  common: z.number(),
  onlyA: z.number(),
  onlyB: z.number(),
  /** By the metric that measures errors, unless another is asked for. */
  decidedBy: z.string().nullable(),
  verdict: ComparisonVerdict,
  statement: z.string(),
  metrics: z.array(MetricComparison),
  power: Power.nullable(),
  /** Examples that are right in one and wrong in the other, ids, at most ten each. */
  changed: z.object({
    fixed: z.number(),
    broken: z.number(),
    fixedExamples: z.array(z.string()),
    brokenExamples: z.array(z.string()),
  }),
  notes: z.array(z.string()),
});
export type ExampleComparison = z.infer<typeof ExampleComparison>;
