import type { Evaluation } from "../../model/evaluation.ts";
import type { Example, Task } from "../../model/example.ts";
import type { Measure, MetricOptions } from "../metric.ts";
import { metrics } from "../metrics/index.ts";

/** Every metric of the task, and for those that cannot be computed what is missing. */
export function measureAll(
  examples: readonly Example[],
  task: Task,
  options: MetricOptions,
): { readonly measures: Measure[]; readonly notApplicable: Evaluation["notApplicable"] } {
  const measures: Measure[] = [];
  const notApplicable: Evaluation["notApplicable"] = [];
  for (const metric of metrics) {
    if (!metric.tasks.includes(task)) continue;
    const measured = metric.measure(examples, task, options);
    if ("missing" in measured) notApplicable.push({ metric: metric.id, missing: [...measured.missing] });
    else measures.push(...measured);
  }
  return { measures, notApplicable };
}
