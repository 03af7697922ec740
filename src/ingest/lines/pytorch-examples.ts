import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { pairsOf } from "./pairs.ts";

// pytorch/vision references (MetricLogger, also MAE, DINO, BEiT): `Epoch: [0]  [ 10/5005]  eta: 0:10:00  lr: 0.1  loss: 6.9 (6.9)`
// pytorch/examples imagenet (ProgressMeter): `Epoch: [0][  10/5005]\tTime  0.5 (0.6)\tLoss 6.9e+00 (6.9e+00)\tAcc@1   0.00 (  0.1)`
// pytorch/examples mnist: `Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.297000`
const meters = /^Epoch: \[(\d+)\] *\[ *(\d+)\/(\d+)\]\s+(.*)$/;
const mnist = /^Train Epoch: (\d+) \[(\d+)\/(\d+) \(\d+%\)\]\s+(Loss: .*)$/;
const meter = /^([A-Za-z][\w@]*) +([-+\d.e]+|nan|inf) ?\(/i;

export const pytorchExamples: LineParser = {
  id: "pytorch-examples",
  first: "ET",
  open:
    () =>
    ({ body }): Reading | undefined => {
      const match = meters.exec(body);
      if (match !== null) {
        const step = Number(match[1]) * Number(match[3]) + Number(match[2]);
        return { step, metrics: measured(match[4] ?? "") };
      }
      const digits = mnist.exec(body);
      if (digits === null) return undefined;
      // Counts examples, not batches.
      const step = (Number(digits[1]) - 1) * Number(digits[3]) + Number(digits[2]);
      return { step, metrics: measured(digits[4] ?? "") };
    },
};

function measured(text: string): Metric[] {
  const metrics: Metric[] = [];
  for (const part of text.split("\t")) {
    const [, name, value] = meter.exec(part.trim()) ?? [];
    const number = value === undefined ? undefined : numberOf(value);
    if (name !== undefined && number !== undefined) metrics.push([name, number]);
    else for (const pair of pairsOf(part)) if (pair.key !== "eta") metrics.push([pair.key, pair.value]);
  }
  return metrics;
}
