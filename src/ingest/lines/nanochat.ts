import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { timeName } from "./pairs.ts";

// karpathy/nanochat scripts/base_train.py: `step 00010/21400 (0.05%) | loss: 9.73 | dt: 1.2ms | ...` and
// `Step 00250 | Validation bpb: 1.2345`; karpathy/llm.c: `step   10/74 | loss 7.01 (+1.2z)| norm ... | ... tok/s`.
const line = /^[Ss]tep +(\d+)(?:\/(\d+))?(?: \([\d.]+%\))? *\| *(.+)$/;
const named = /^([A-Za-z][\w/. ]*?)(?:: *| +)([-+]?[\d.,e+-]+|-?nan|-?inf)(ms|m|s|%|z)?(?: ?\(.*\))?$/i;
const behind = /^([\d.,]+)%? ?([A-Za-z][\w/ ]*)$/;

/** Lines of `step n/N | name: value | ...`. */
export const nanochat: LineParser = {
  id: "nanochat",
  first: "sS",
  open:
    () =>
    ({ body }): Reading | undefined => {
      const match = line.exec(body);
      if (match === null) return undefined;
      const metrics: Metric[] = [];
      for (const part of (match[3] ?? "").split("|")) {
        const text = part.trim();
        const [, name, value, suffix] = named.exec(text) ?? [];
        const [, before, unit] = behind.exec(text) ?? [];
        const number = numberOf(value ?? before ?? "");
        const key = name === undefined ? unit : timeName(name, suffix);
        if (key !== undefined && number !== undefined) metrics.push([key, number]);
      }
      if (!metrics.some(([name]) => /loss|bpb|norm|acc|core|reward|ppl/i.test(name))) return undefined;
      // llm.c and nanochat share the form; only nanochat writes names with a colon.
      const isNanochat = /\| *[\w ]+: /.test(body);
      const total = match[2] === undefined || !isNanochat ? undefined : Number(match[2]);
      return {
        step: Number(match[1]),
        metrics,
        ...(isNanochat ? { dialect: "nanochat" } : {}),
        isEvaluation: /^Step .*\| *Validation/.test(body),
        ...(total === undefined ? {} : { config: [["num_iterations", total]] }),
      };
    },
};
