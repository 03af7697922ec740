import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { pairsOf } from "./pairs.ts";

// facebookresearch/fairseq fairseq/logging/progress_bar.py, SimpleProgressBar:
// `epoch 001:   2800 / 160368 loss=9.255, ppl=611.12, ..., num_updates=2800, lr=2.8e-05, gnorm=3.23, ...`
// and at the end of an epoch `epoch 008 | valid on 'valid' subset | loss 6.4 | ppl 37.6 | num_updates 21896`.
const inner = /^(?:\| )?epoch (\d+):? +(\d+) \/ (\d+) (loss=.*)$/;
const summary = /^(?:\| )?epoch (\d+) \|(.*(?:loss|ppl).*)$/;
const item = /^([a-z][\w ]*?) ([-+\d.e]+|nan|inf)%?$/i;

export const fairseq: LineParser = {
  id: "fairseq",
  first: "|e",
  open:
    (progress) =>
    ({ body }): Reading | undefined => {
      const match = inner.exec(body);
      if (match !== null) {
        const metrics: Metric[] = pairsOf(match[4] ?? "").map(({ key, value }) => [key, value]);
        const updates = metrics.find(([name]) => name === "num_updates")?.[1];
        const step = updates ?? (Number(match[1]) - 1) * Number(match[3]) + Number(match[2]);
        return { step, metrics: metrics.filter(([name]) => name !== "num_updates"), dialect: "fairseq" };
      }
      const ended = summary.exec(body);
      return ended === null ? undefined : summaryReading(ended[2] ?? "", progress.lastStep ?? Number(ended[1]));
    },
};

/** Means over an epoch: `valid/...` of a held-out set, `epoch/...` of training, beside the curve and not in it. */
function summaryReading(text: string, lastStep: number): Reading | undefined {
  const parts = text.split("|").map((part) => part.trim());
  const subset = parts.map((part) => /^valid on '(\w+)' subset/.exec(part)?.[1]).find((name) => name !== undefined);
  const prefix = subset === undefined ? "epoch/" : `${subset}/`;
  const metrics: Metric[] = [];
  let step = lastStep;
  for (const part of parts) {
    const [, name = "", value] = item.exec(part) ?? [];
    const number = value === undefined ? undefined : numberOf(value);
    if (number === undefined) continue;
    if (name === "num_updates") step = number;
    else metrics.push([prefix + name.replace(/^(valid_|valid |train )/, ""), number]);
  }
  return metrics.length === 0 ? undefined : { step, metrics, isEvaluation: true, dialect: "fairseq" };
}
