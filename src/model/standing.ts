import { z } from "zod";
import { WireNumber } from "./number.ts";

/** Where one number of this run stands among the recorded healthy runs of its kind: the answer to "is this normal?". */
export const Standing = z.object({
  /** Series that it was computed from. */
  series: z.string(),
  statistic: z.enum(["usual", "peaks", "drift", "noise"]),
  value: WireNumber,
  /** Share of the recorded healthy runs whose value is lower, 0 to 1; ties count half. */
  above: z.number().min(0).max(1),
  lowest: z.number(),
  highest: z.number(),
  /** How many runs it is compared with, and of what kind. */
  runs: z.number().int(),
  kind: z.string(),
  text: z.string(),
});
export type Standing = z.infer<typeof Standing>;
