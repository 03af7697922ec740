import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { pairsOf } from "./pairs.ts";

// deepspeedai/DeepSpeed runtime/fp16/loss_scaler.py (update_scale), runtime/engine.py (_report_progress),
// utils/timer.py (ThroughputTimer), runtime/pipe/engine.py (train_batch).
const overflow =
  /OVERFLOW! (?:Rank (\d+) )?Skipping step\. Attempted loss scale: ([\d.e+]+), (?:reducing to ([\d.e+]+)|but hysteresis)/;
const atMinimum = /Current loss scale already at minimum/;
const report = /^step=(\d+), skipped=(\d+), lr=\[([^\]]*)\]/;
const timer = /^(?:epoch=\d+\/micro_step=\d+\/global_step=|\d+\/)(\d+), (?:RunningAvg)?SamplesPerSec=/;
/** What the patterns before and behind begin with. */
const counted = /^(?:step|epoch=|\d+\/)/;
const pipeline = /^steps: (\d+) (loss: .*)$/;

/** DeepSpeed's own lines. An overflow is both an event and a point of the loss scale. */
export const deepspeed: LineParser = {
  id: "deepspeed",
  open:
    (progress) =>
    ({ body }): Reading | undefined => {
      const over = body.includes("OVERFLOW!") ? overflow.exec(body) : null;
      if (over !== null) {
        const scale = numberOf(over[3] ?? over[2] ?? "");
        const metrics: Metric[] = scale === undefined ? [] : [["loss_scale", scale]];
        return { step: progress.current ?? 0, metrics, isEvaluation: true, record: true, dialect: "deepspeed" };
      }
      if (!counted.test(body) || atMinimum.test(body)) return undefined;
      const stepped = report.exec(body);
      if (stepped !== null) {
        const rates = (stepped[3] ?? "").split(",").map((text) => numberOf(text.trim()));
        const metrics: Metric[] = [["skipped", Number(stepped[2])]];
        rates.forEach((rate, i) => {
          if (rate !== undefined) metrics.push([i === 0 ? "lr" : `lr/${i}`, rate]);
        });
        return { step: Number(stepped[1]), metrics, dialect: "deepspeed" };
      }
      const timed = timer.exec(body) ?? pipeline.exec(body);
      if (timed === null) return undefined;
      const metrics: Metric[] = pairsOf(body)
        .filter(({ key }) => !/step|^steps$|^epoch$/.test(key))
        .map(({ key, value }) => [key, value]);
      return { step: Number(timed[1]), metrics, dialect: "deepspeed" };
    },
};
