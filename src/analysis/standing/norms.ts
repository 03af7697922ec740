/** Written by tools/generate-norms.ts from 4 healthy recordings; do not edit. Ascending, a number a run. */
import type { Standing } from "../../model/standing.ts";
import type { Kind } from "./statistics.ts";

// oxfmt-ignore
export const norms: Readonly<Record<Kind, Readonly<Record<Standing["statistic"], readonly number[]>>>> = {
  language: {
    usual: [0.8347, 0.8397, 0.8638, 1.835],
    peaks: [1.297, 1.34, 1.422, 1.481],
    drift: [0.6173, 0.7081, 0.7402, 0.9286],
    noise: [0.06016, 0.0655, 0.08628, 0.08647],
  },
  supervised: {
    usual: [],
    peaks: [],
    drift: [],
    noise: [],
  },
  preference: {
    usual: [],
    peaks: [],
    drift: [],
    noise: [],
  },
  reinforcement: {
    usual: [],
    peaks: [],
    drift: [],
    noise: [],
  },
};
