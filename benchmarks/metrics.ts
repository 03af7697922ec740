/**
 * BLEU, chrF and TER of 10,000 translations with 1,000 bootstrap resamples of each: llmdbg and sacreBLEU on the same
 * texts, one after the other in one run. Seconds of processor time and on the clock, without starting and reading.
 *
 *   npx tsx benchmarks/metrics.ts [translations=10000]
 *
 * Needs sacrebleu in .venv (test/python/requirements-metrics.txt).
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Measure } from "../src/analysis/metric.ts";
import { Random } from "../src/base/random.ts";
import { defaultMetricOptions } from "../src/analysis/metric.ts";
import { bleu } from "../src/analysis/metrics/bleu.ts";
import { chrf } from "../src/analysis/metrics/chrf.ts";
import { ter } from "../src/analysis/metrics/ter.ts";
import { exampleOf } from "../test/metrics/examples.ts";
import { translations } from "../test/metrics/texts.ts";

const count = Number(process.argv[2] ?? 10_000);
const { hypotheses, references } = translations(1, count);
const examples = hypotheses.map((prediction, i) =>
  exampleOf(String(i), { prediction, references: references[i] ?? [] }),
);

interface Timed {
  readonly score: number;
  readonly wall: number;
  readonly processor: number;
}

function timed(action: () => number): Timed {
  const wall = performance.now();
  const processor = process.cpuUsage();
  const score = action();
  const { user, system } = process.cpuUsage(processor);
  return { score, wall: (performance.now() - wall) / 1000, processor: (user + system) / 1e6 };
}

/** Draws all examples anew 1,000 times, as sacreBLEU does; an evaluation draws blocks of examples and needs less. */
function resample({ sums }: Measure): number[] {
  if (sums === null) throw new Error("no sums");
  const { rows, value } = sums;
  const random = new Random(12345);
  const sum = new Float64Array(rows.width);
  return Array.from({ length: 1000 }, () => {
    sum.fill(0);
    for (let draw = 0; draw < count; draw += 1) rows.add(random.below(count), 1, sum, 0);
    return value(sum);
  });
}

const own = Object.fromEntries(
  [bleu, chrf, ter].map((metric) => [
    metric.id,
    timed(() => {
      const measures = metric.measure(examples, "translation", defaultMetricOptions);
      if ("missing" in measures) throw new Error(measures.missing.join());
      for (const measure of measures) resample(measure);
      return measures[0]?.value(null) ?? Number.NaN;
    }),
  ]),
);

const script = `
import json, logging, sys, time
from sacrebleu.metrics import BLEU, CHRF, TER
logging.getLogger("sacrebleu").setLevel(logging.ERROR)
given = json.load(sys.stdin)
result = {}
for name, metric in [("bleu", BLEU(force=True)), ("chrf", CHRF()), ("ter", TER())]:
    wall, processor = time.perf_counter(), time.process_time()
    score = metric.corpus_score(given["hypotheses"], [given["references"]], n_bootstrap=1000).score
    result[name] = {"score": score, "wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
print(json.dumps(result))
`;
const root = fileURLToPath(new URL("..", import.meta.url));
const { status, stdout, stderr } = spawnSync(`${root}/.venv/bin/python`, ["-c", script], {
  input: JSON.stringify({ hypotheses, references: references.map(([first]) => first) }),
  encoding: "utf8",
  maxBuffer: 2 ** 26,
  env: { ...process.env, OMP_NUM_THREADS: "1" },
});
if (status !== 0) throw new Error(`sacreBLEU failed: ${stderr}`);
const Peer = z.record(z.string(), z.object({ score: z.number(), wall: z.number(), processor: z.number() }));
const peer = Peer.parse(JSON.parse(stdout));

console.log(`${count} translations, 1000 resamples; chrF here with chrF++, in sacreBLEU without`);
console.log("| | llmdbg s (processor) | sacreBLEU s (processor) | times faster |");
console.log("|---|---:|---:|---:|");
const total = { own: 0, peer: 0 };
for (const [name, mine] of Object.entries(own)) {
  const other = peer[name];
  if (other === undefined || !(Math.abs(mine.score - other.score) < 1e-9))
    throw new Error(`${name}: ${mine.score} is not sacreBLEU's ${other?.score}`);
  total.own += mine.processor;
  total.peer += other.processor;
  const cell = ({ wall, processor }: Timed): string => `${wall.toFixed(2)} (${processor.toFixed(2)})`;
  console.log(`| ${name} | ${cell(mine)} | ${cell(other)} | ${(other.processor / mine.processor).toFixed(1)} |`);
}
const ratio = total.peer / total.own;
console.log(`| all, processor time | ${total.own.toFixed(2)} | ${total.peer.toFixed(2)} | ${ratio.toFixed(1)} |`);
if (ratio < 1) process.exitCode = 1;
