/** What should not matter to a diagnosis, done to a recorded run: other names, other steps, other clocks, less of it. */
import {
  dataTime,
  epochTime,
  evalLoss,
  evalMetric,
  gradNorm,
  isLayerSeries,
  learningRate,
  optimizerTime,
  stepsPerSecond,
  stepTime,
  throughput,
  trainAccuracy,
  trainLoss,
  trainTime,
  type Signal,
} from "../../../src/analysis/signals.ts";
import { foremost } from "../../../src/analysis/facts/curve.ts";
import type { ReadRun } from "../../../src/cli/read/read-run.ts";
import { ConsoleDecoder, mergeDecoded } from "../../../src/ingest/index.ts";
import type { SeriesPoints } from "../../../src/model/series.ts";
import { toRunData } from "../../../src/cli/read/read-run.ts";
import { rowsOf, type Recorded, type Truth } from "./corpus.ts";

export interface Change {
  readonly id: string;
  /** For the table. */
  readonly title: string;
  /** What is taken away on both sides of the comparison: what would rightly tell the two apart. */
  readonly before?: (recorded: Recorded) => Recorded;
  apply(recorded: Recorded): Recorded;
}

/** The rest of a recording follows from its run. */
function withRun(recorded: Recorded, changes: Partial<ReadRun>, truth: Truth = recorded.truth): Recorded {
  const run = { ...recorded.run, ...changes };
  const data = toRunData(run);
  const hasLayers = run.series.some(({ name }) => isLayerSeries(name));
  return { ...recorded, truth, run, data, rows: rowsOf(data), hasLayers };
}

const eachSeries = (recorded: Recorded, change: (points: SeriesPoints) => SeriesPoints): Recorded =>
  withRun(recorded, { series: recorded.run.series.map(change) });

const isOf = (signal: Signal, { name, labels }: SeriesPoints): boolean => signal.matches(name, labels);

/** What `llmdbg.watch` saw: it has an interval of its own. */
const watched: Signal = { id: "watch", matches: (name) => /^(layer|logits|input|parameters)\//.test(name) };

/** The machine's own series count seconds, and those of `llmdbg.watch` keep their names. */
const isMachine = ({ name }: SeriesPoints): boolean => name.startsWith("system/");

/** How one trainer calls what all log; a metric that is not listed keeps its name. */
interface Vocabulary {
  readonly loss: string;
  readonly evalLoss: string;
  readonly rate: string;
  readonly norm: string;
  readonly stepTime: string;
  readonly throughput: string;
  readonly accuracy: string;
  /** Of the step time; the recordings have seconds. */
  readonly milliseconds?: boolean;
}

function renamed({
  loss,
  evalLoss: held,
  rate,
  norm,
  stepTime: time,
  throughput: speed,
  accuracy,
  milliseconds,
}: Vocabulary) {
  const names: readonly (readonly [Signal, string])[] = [
    [trainLoss, loss],
    [evalLoss, held],
    [learningRate, rate],
    [gradNorm, norm],
    [stepTime, time],
    [throughput, speed],
    [trainAccuracy, accuracy],
  ];
  return (recorded: Recorded): Recorded => {
    const all = [...recorded.data.series];
    const meant = names.map(([signal, name]) => ({
      name,
      // Of several losses or rates only the one that is meant first: the parts have names of their own.
      of: foremost(
        all.filter((one) => signal.matches(one.name, one.labels)),
        signal,
      )?.name,
    }));
    const taken = new Set(all.map(({ name }) => name));
    return eachSeries(recorded, (points) => {
      const other = meant.find(({ of, name }) => of === points.name && !taken.has(name));
      if (other === undefined) return points;
      const factor = other.name === time && milliseconds === true ? 1000 : 1;
      return { ...points, name: other.name, value: points.value.map((value) => factor * value) };
    });
  };
}

/** Every `every`th row of the training; evaluations, layers and the machine keep their own intervals. */
const thinned =
  (every: number) =>
  (recorded: Recorded): Recorded => {
    const kept = new Set(recorded.rows.filter((_, row) => row % every === every - 1));
    const dropped = new Set(recorded.rows.filter((step) => !kept.has(step)));
    const config = { ...recorded.run.config };
    for (const key of ["logging_steps", "log_every_n_steps", "log_interval", "log_every", "logging_interval"]) {
      const value = config[key];
      if (typeof value === "number") config[key] = value * every;
    }
    const isTraining = (points: SeriesPoints): boolean =>
      !isOf(watched, points) && !isMachine(points) && !isOf(evalLoss, points) && !isOf(evalMetric, points);
    const series = recorded.run.series.map((points): SeriesPoints => {
      // What is logged more seldom than the loss has an interval of its own.
      if (!isTraining(points) || points.step.length < 0.75 * recorded.rows.length) return points;
      const rows = [...points.step.keys()].filter((i) => !dropped.has(points.step[i] ?? Number.NaN));
      const pick = (column: Float64Array) => Float64Array.from(rows, (i) => column[i] ?? Number.NaN);
      return { ...points, step: pick(points.step), time: pick(points.time), value: pick(points.value) };
    });
    return withRun(recorded, { series: series.filter(({ step }) => step.length > 0), config });
  };

/** What there is to see when some of the rows have come; of a fault that began late nothing. */
const begunUntil =
  (rowsOf: (rows: number) => number) =>
  (recorded: Recorded): Recorded => {
    const { rows, run, truth } = recorded;
    const last = rows[Math.min(rows.length, rowsOf(rows.length)) - 1] ?? 0;
    const isThere = (step: number): boolean => step <= last;
    const series = run.series.map((points): SeriesPoints => {
      const kept = [...points.step.keys()].filter((i) => isMachine(points) || isThere(points.step[i] ?? Number.NaN));
      const pick = (column: Float64Array): Float64Array => Float64Array.from(kept, (i) => column[i] ?? Number.NaN);
      return { ...points, step: pick(points.step), time: pick(points.time), value: pick(points.value) };
    });
    const records = run.records.filter(({ step }) => step === null || isThere(step));
    return withRun(recorded, { series: series.filter(({ step }) => step.length > 0), records }, truth);
  };

const begun = (share: number) => begunUntil((rows) => Math.ceil(share * rows));
const begunFor = (count: number) => begunUntil(() => count);

/** Steps counted otherwise: in micro-batches or examples. Settings go on counting steps of the optimizer. */
const counted =
  (factor: number) =>
  (recorded: Recorded): Recorded => {
    const { truth, run } = recorded;
    const series = run.series.map((points) =>
      isMachine(points) ? points : { ...points, step: points.step.map((step) => step * factor) },
    );
    const records = run.records.map((record) => ({
      ...record,
      step: record.step === null ? null : record.step * factor,
    }));
    const onset =
      truth.onset === null
        ? null
        : { step: truth.onset.step * factor, tolerance: truth.onset.tolerance * factor + factor };
    return withRun(recorded, { series, records }, { ...truth, onset });
  };

const scaled =
  (signals: readonly Signal[], change: (value: number) => number) =>
  (recorded: Recorded): Recorded =>
    eachSeries(recorded, (points) =>
      signals.some((signal) => isOf(signal, points)) ? { ...points, value: points.value.map(change) } : points,
    );

const without =
  (...signals: readonly Signal[]) =>
  (recorded: Recorded): Recorded =>
    withRun(recorded, {
      series: recorded.run.series.filter((points) => !signals.some((signal) => isOf(signal, points))),
    });

/** Where the number of classes is known the level of a loss says much, and rightly. */
function withoutClasses(recorded: Recorded): Recorded {
  const { run } = recorded;
  const config = Object.fromEntries(
    Object.entries(run.config).filter(([key]) => !/vocab|classes|labels|tokens$/i.test(key)),
  );
  return withRun(recorded, {
    config,
    series: run.series.filter(({ name }) => !name.startsWith("logits/")),
    records: run.records.filter(({ message }) => !/vocab|classes|labels/i.test(message)),
  });
}

/** Nobody told the settings; what `llmdbg.watch` sees of the model it sees all the same. */
function unconfigured(recorded: Recorded): Recorded {
  const seen = Object.entries(recorded.run.config).filter(([key]) => /^(model|llmdbg)\./.test(key));
  return withRun(recorded, { config: Object.fromEntries(seen), dialect: null });
}

/** What trainers time, under all names that are read as times; `time` alone is a step's or that since the start. */
const bareTime: Signal = { id: "time", matches: (name) => /^(train\/)?time$/i.test(name) };
const times = [stepTime, trainTime, optimizerTime, epochTime, bareTime];

/** A machine that is slower all through. */
function slower(recorded: Recorded): Recorded {
  const factor = 3;
  const { run } = recorded;
  const start = run.recording?.startedAt ?? 0;
  const later = (time: number): number => start + factor * (time - start);
  const series = run.series.map((points) => {
    const isTime = [...times, dataTime].some((signal) => isOf(signal, points));
    const isSpeed = isOf(throughput, points) || isOf(stepsPerSecond, points);
    const unit = isTime ? factor : isSpeed ? 1 / factor : 1;
    return { ...points, time: points.time.map(later), value: points.value.map((value) => value * unit) };
  });
  const records = run.records.map((record) => ({ ...record, time: record.time === null ? null : later(record.time) }));
  const recording =
    run.recording === undefined
      ? undefined
      : {
          ...run.recording,
          startedAt: start,
          endedAt: run.recording.endedAt === null ? null : later(run.recording.endedAt),
        };
  return withRun(recorded, { series, records, recording });
}

type Row = readonly (readonly [name: string, value: number])[];

/** The console's points printed anew, line by line, and read again as of any program. */
const printed =
  (print: (step: number, row: Row) => string) =>
  (recorded: Recorded): Recorded => {
    const { run } = recorded;
    const fromConsole = new Set(
      run.files
        .filter(({ format }) => format.id === "timed-console")
        .flatMap(({ series }) => series.map(({ name }) => name)),
    );
    // Bars draw their own rate; the epoch is a word of some trainers' steps.
    const isPrinted = ({ name, labels }: SeriesPoints): boolean =>
      fromConsole.has(name) && name !== "it/s" && name !== "epoch" && Object.keys(labels).length === 0;
    const lines = new Map<string, { readonly step: number; readonly time: number; row: [string, number][] }>();
    for (const points of run.series.filter(isPrinted))
      for (const [i, step] of points.step.entries()) {
        const time = points.time[i] ?? Number.NaN;
        const key = `${time} ${step}`;
        const line = lines.get(key) ?? { step, time, row: [] };
        line.row.push([points.name, points.value[i] ?? Number.NaN]);
        lines.set(key, line);
      }
    let now = Number.NaN;
    const decoder = new ConsoleDecoder({ now: () => now });
    const read = [...lines.values()]
      .toSorted((a, b) => a.time - b.time)
      .map(({ step, time, row }) => {
        now = time;
        return decoder.pushText(`${print(step, row)}\n`);
      });
    const { series } = mergeDecoded([...read, decoder.end()]);
    return withRun(recorded, { series: [...series, ...run.series.filter((points) => !isPrinted(points))] });
  };

const digits = (value: number): string => String(Number.isFinite(value) ? Number(value.toPrecision(4)) : value);
const python = (value: number): string =>
  Number.isFinite(value) ? digits(value) : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";

export const changes: readonly Change[] = [
  {
    id: "names-slashed",
    title: "names: `train/loss`, `valid/loss`, `optim/lr`, `grad-norm`",
    apply: renamed({
      loss: "train/loss",
      evalLoss: "valid/loss",
      rate: "optim/lr",
      norm: "grad-norm",
      stepTime: "time/step",
      throughput: "throughput/tokens_per_sec",
      accuracy: "train/acc",
    }),
  },
  {
    id: "names-words",
    title: "names: `Train Loss`, `Val Loss`, `LR`, `gradient_norm`",
    apply: renamed({
      loss: "Train Loss",
      evalLoss: "Val Loss",
      rate: "LR",
      norm: "gradient_norm",
      stepTime: "Step Time",
      throughput: "tok/s",
      accuracy: "Train Acc",
    }),
  },
  {
    id: "names-megatron",
    title: "names: `lm loss`, `lm loss validation`, `learning rate`, `total_norm`",
    apply: renamed({
      loss: "lm loss",
      evalLoss: "lm loss validation",
      rate: "learning rate",
      norm: "total_norm",
      stepTime: "elapsed time per iteration (ms)",
      throughput: "tokens per second",
      accuracy: "train accuracy",
      milliseconds: true,
    }),
  },
  {
    id: "names-formula",
    title: "names: `nll`, `dev_loss`, `learning_rate`, `gnorm`",
    apply: renamed({
      loss: "nll",
      evalLoss: "dev_loss",
      rate: "learning_rate",
      norm: "gnorm",
      stepTime: "sec_per_step",
      throughput: "wps",
      accuracy: "acc",
    }),
  },
  {
    id: "names-objective",
    title: "names: `objective`, `holdout/objective`, `current_lr`, `grad_l2`",
    apply: renamed({
      loss: "objective",
      evalLoss: "holdout/objective",
      rate: "current_lr",
      norm: "grad_l2",
      stepTime: "iter_time",
      throughput: "samples/s",
      accuracy: "training_accuracy",
    }),
  },
  { id: "every-2nd-row", title: "every 2nd row", apply: thinned(2) },
  { id: "every-3rd-row", title: "every 3rd row", apply: thinned(3) },
  { id: "every-4th-row", title: "every 4th row", apply: thinned(4) },
  { id: "first-12-rows", title: "first 12 rows alone", apply: begunFor(12) },
  { id: "first-20-rows", title: "first 20 rows alone", apply: begunFor(20) },
  { id: "first-half", title: "first half of the run alone", apply: begun(0.5) },
  { id: "first-quarter", title: "first quarter of the run alone", apply: begun(0.25) },
  { id: "steps-10", title: "steps counted ten times as fast", apply: counted(10) },
  { id: "steps-examples", title: "steps counted in examples (x 48)", apply: counted(48) },
  {
    id: "loss-1.7",
    title: "loss times 1.7, number of classes not told",
    before: withoutClasses,
    apply: scaled([trainLoss, evalLoss], (loss) => loss * 1.7),
  },
  {
    id: "loss-0.1",
    title: "loss times 0.1, number of classes not told",
    before: withoutClasses,
    apply: scaled([trainLoss, evalLoss], (loss) => loss * 0.1),
  },
  { id: "norm-100", title: "gradient norm times 100", apply: scaled([gradNorm], (norm) => norm * 100) },
  { id: "no-configuration", title: "no configuration", apply: unconfigured },
  { id: "no-gradient-norm", title: "no gradient norm", apply: without(gradNorm) },
  { id: "no-learning-rate", title: "no learning rate", apply: without(learningRate) },
  { id: "no-speed", title: "no step time nor throughput", apply: without(...times, throughput, stepsPerSecond) },
  { id: "no-accuracy", title: "no training accuracy", apply: without(trainAccuracy) },
  { id: "no-evaluation", title: "no evaluation", apply: without(evalLoss, evalMetric) },
  { id: "not-watched", title: "layers not watched", apply: without(watched) },
  { id: "slower", title: "a machine three times as slow", apply: slower },
  {
    id: "printed-dict",
    title: "printed as a Python dictionary",
    apply: printed(
      (step, row) => `{'step': ${step}, ${row.map(([name, value]) => `'${name}': ${python(value)}`).join(", ")}}`,
    ),
  },
  {
    id: "printed-pairs",
    title: "printed as `step 10, loss 3.2, lr 0.01` between bars",
    apply: printed((step, row) =>
      [`step ${step}`, ...row.map(([name, value]) => `${name} ${python(value)}`)].join(" | "),
    ),
  },
  {
    id: "printed-assigned",
    title: "printed as `step=10 loss=3.2 lr=0.01`",
    apply: printed((step, row) =>
      [`step=${step}`, ...row.map(([name, value]) => `${name}=${python(value)}`)].join(" "),
    ),
  },
  {
    id: "printed-json",
    title: "printed as lines of JSON",
    apply: printed(
      (step, row) =>
        `{"step": ${step}, ${row.map(([name, value]) => `"${name}": ${Number.isFinite(value) ? digits(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"}`).join(", ")}}`,
    ),
  },
];
