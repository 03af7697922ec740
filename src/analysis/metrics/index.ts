import { accuracy } from "./accuracy.ts";
import type { Metric } from "../metric.ts";

/** In the order in which they are printed. A test compares this list with the folder. */
export const metrics: readonly Metric[] = [accuracy];
