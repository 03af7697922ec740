/** Examples to the whole evaluation: metrics with intervals, faults of the data, where and how the model fails, advice. */
import type { DataFault, Evaluation, MetricValue, ReadPredictions } from "../../model/evaluation.ts";
import type { Example, Task } from "../../model/example.ts";
import { toWire } from "../../model/number.ts";
import { dataFaults } from "../data-faults/index.ts";
import { unitsOf } from "../intervals/bootstrap.ts";
import { intervalOf, level } from "../intervals/interval.ts";
import type { Measure, MetricOptions } from "../metric.ts";
import { adviceFor } from "./advice/index.ts";
import { errorGroups } from "./error-groups.ts";
import { errorMeasure } from "./error-measure.ts";
import { measureAll } from "./measure-all.ts";
import { slicesOf } from "./slices-of.ts";

export interface EvaluateOptions {
  readonly task: Task;
  readonly metric: MetricOptions;
  readonly read: ReadPredictions | null;
  readonly trainingInputs: ReadonlySet<string> | null;
  /** Of the bootstrap: the same gives the same intervals. */
  readonly seed: number;
}

export function evaluate(examples: readonly Example[], options: EvaluateOptions): Evaluation {
  const { task } = options;
  const { measures, notApplicable } = measureAll(examples, task, options.metric);
  const units = unitsOf(examples.map(({ group }) => group));
  const judged = errorMeasure(task, measures);
  const context = { task, trainingWords: null };
  const evaluation: Omit<Evaluation, "advice"> = {
    schema: "llmdbg.evaluation/1",
    task,
    n: examples.length,
    read: options.read,
    metrics: measures.map((measure) => metricValue(measure, intervalOf(measure, units, options.seed))),
    errors: {
      measuredBy: judged?.name ?? "",
      count: judged?.errors?.reduce((count, error) => count + (error > 0 ? 1 : 0), 0) ?? 0,
      groups: errorGroups(examples, judged?.errors ?? null, context),
      worst: worstOf(examples, judged?.errors ?? null),
    },
    dataFaults: faultsOf(examples, options),
    ...slicesOf(examples, judged, context, options.seed),
    notApplicable,
  };
  return { ...evaluation, advice: adviceFor({ evaluation, examples }) };
}

function metricValue(measure: Measure, interval: readonly [number, number] | null): MetricValue {
  return {
    name: measure.name,
    value: toWire(measure.value(null)),
    low: interval === null ? null : toWire(interval[0]),
    high: interval === null ? null : toWire(interval[1]),
    level,
    n: measure.n,
    signature: measure.signature,
    better: measure.better,
  };
}

const mostShown = 10;

function worstOf(examples: readonly Example[], errors: Float64Array | null): string[] {
  const wrong = examples.flatMap(({ id }, index) => {
    const error = errors?.[index] ?? Number.NaN;
    return error > 0 ? [{ id, error }] : [];
  });
  return wrong
    .toSorted((a, b) => b.error - a.error)
    .slice(0, mostShown)
    .map(({ id }) => id);
}

const faultsOf = (examples: readonly Example[], { task, trainingInputs, read }: EvaluateOptions): DataFault[] =>
  dataFaults.flatMap((check) => {
    const fault = check.look(examples, { task, trainingInputs, read });
    return fault === null ? [] : [{ id: check.id, ...fault }];
  });
