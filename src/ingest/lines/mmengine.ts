import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { pairsOf } from "./pairs.ts";

// open-mmlab/mmengine runner/log_processor.py: `Epoch(train)  [83][  50/2693]  lr: 3.9e-04  eta: 14:57:00  loss: ...`,
// `Iter(train) [ 510/2046]  lr: ...`; mmcv runner/hooks/logger/text.py: `Epoch [1][50/7517]\tlr: 0.001, eta: ...`.
const epochLine = /^Epoch(?:\((\w+)\))?\s*\[(\d+)\]\s*\[\s*(\d+)(?:\/(\d+))?\]\s+(.*)$/;
const iterLine = /^Iter(?:\((\w+)\))?\s*\[\s*(\d+)\/(\d+)\]\s+(.*)$/;
const aside = /^(eta|time|data_time|memory)$/;

export const mmengine: LineParser = {
  id: "mmengine",
  first: "EI",
  open: (progress) => {
    let perEpoch = 0;
    return ({ body }): Reading | undefined => {
      const byEpoch = epochLine.exec(body);
      if (byEpoch !== null) {
        const [, phase = "train", epoch, at, total, rest = ""] = byEpoch;
        if (phase !== "train") return evaluation(rest, phase, perEpoch > 0 ? Number(epoch) * perEpoch : Number(epoch));
        perEpoch = Number(total ?? at);
        return { step: (Number(epoch) - 1) * perEpoch + Number(at), metrics: training(rest), dialect: "mmengine" };
      }
      const byIter = iterLine.exec(body);
      if (byIter === null) return undefined;
      const [, phase = "train", at, total, rest = ""] = byIter;
      if (phase !== "train") return evaluation(rest, phase, progress.lastStep ?? 0);
      return { step: Number(at), metrics: training(rest), dialect: "mmengine", config: [["max_iters", Number(total)]] };
    };
  },
};

const training = (text: string): Metric[] =>
  pairsOf(text)
    .filter(({ key }) => key !== "eta")
    .map(({ key, value }) => [key, value]);

/** While evaluation runs, its lines tell only how it goes; the metrics come with the last. */
function evaluation(text: string, phase: string, step: number): Reading {
  const metrics: Metric[] = pairsOf(text)
    .filter(({ key }) => !aside.test(key))
    .map(({ key, value }) => [`${phase}/${key}`, value]);
  return { step, metrics, isEvaluation: true, dialect: "mmengine" };
}
