import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { pairsOf } from "./pairs.ts";

// espnet/espnet espnet2/train/trainer.py and reporter.py: `3epoch:train:41-50batch: iter_time=0.014, loss=16.1, ...`
// for the batches since the last line, of an epoch that begins with 1, and behind an epoch
// `3epoch results: [train] loss=16.4, ..., time=13.19 seconds, total_count=180, [valid] loss=16.3, ..., total_count=15`.
const rowLine = /^(\d+)epoch:(\w+):(\d+)-(\d+)batch: (.*)$/;
const resultsLine = /^(\d+)epoch results: (\[\w+\] .*)$/;
const section = /\[(\w+)\] ([^[]*)/g;
/** How long a section took and what it held of the GPU, whose unit or minutes stand behind the number. */
const aside = /^(time|total_count|gpu_max_cached_mem_GB)$/;
/** In its section `[train]` it counts the batches since the start of the run. */
const batchCount = /total_count=(\d+)/;

export const espnet: LineParser = {
  id: "espnet",
  first: "0123456789",
  open: (progress) => {
    let ended: { readonly epoch: number; readonly step: number } | undefined;
    /** Step at which an epoch begins: a run that was resumed begins one again. */
    const before = (epoch: number): number => {
      if (ended === undefined) return 0;
      return ended.epoch === epoch - 1 ? ended.step : Math.round(((epoch - 1) * ended.step) / ended.epoch);
    };
    return ({ body }): Reading | undefined => {
      const row = rowLine.exec(body);
      if (row !== null) {
        const [, epoch, phase = "train", , batch, rest = ""] = row;
        const isEvaluation = phase !== "train";
        return {
          step: isEvaluation ? (progress.lastStep ?? 0) : before(Number(epoch)) + Number(batch),
          metrics: metricsIn(rest, isEvaluation ? `${phase}/` : ""),
          isEvaluation,
          dialect: "espnet",
        };
      }
      const results = resultsLine.exec(body);
      if (results === null) return undefined;
      const [, epoch, rest = ""] = results;
      const sections = [...rest.matchAll(section)];
      const training = sections.find(([, name]) => name === "train")?.[2] ?? "";
      const step = Number(batchCount.exec(training)?.[1] ?? Number.NaN);
      if (step > 0 && Number(epoch) > 0) ended = { epoch: Number(epoch), step };
      return {
        step: step > 0 ? step : (progress.lastStep ?? 0),
        // Means over an epoch of training stand beside the curve and not in it.
        metrics: sections.flatMap(([, name = "", text = ""]) =>
          metricsIn(text, name === "train" ? "epoch/" : `${name}/`),
        ),
        isEvaluation: true,
        dialect: "espnet",
      };
    };
  },
};

const metricsIn = (text: string, prefix: string): Metric[] =>
  pairsOf(text)
    .filter(({ key }) => !aside.test(key))
    .map(({ key, value }) => [prefix + key, value]);
