import { directionOf, RunData, verifyRuns, type JudgedRun } from "../../analysis/index.ts";
import { getVerification } from "../../api/verification.ts";
import { AppError } from "../../base/errors.ts";
import { endpoint } from "../endpoint.ts";
import type { Services } from "../services.ts";

/** Each run is read whole. */
const mostRuns = 64;
const mostPoints = 500_000;

export const verificationEndpoints = [
  endpoint(getVerification, async (services, { query }) => {
    const ids = { before: idsOf(query.before), after: idsOf(query.after) };
    const twice = ids.after.find((id) => ids.before.includes(id));
    if (twice !== undefined) throw new AppError("bad-request", `Run ${twice} is on both sides.`);
    if (ids.before.length + ids.after.length > mostRuns)
      throw new AppError("too-large", `Compare at most ${mostRuns} runs at once.`);
    const { metric, better, at } = query;
    const sides = {
      before: await judged(services, ids.before, metric),
      after: await judged(services, ids.after, metric),
    };
    if (metric !== undefined) requireMetric([...sides.before, ...sides.after], metric, better !== undefined);
    return verifyRuns(sides.before, sides.after, { metric, better, at });
  }),
];

const idsOf = (text: string): string[] => [...new Set(text.split(",").filter((id) => id !== ""))];

async function judged(
  { live, store }: Services,
  ids: readonly string[],
  metric: string | undefined,
): Promise<JudgedRun[]> {
  if (ids.length === 0) throw new AppError("bad-request", "Name at least one run on each side.");
  const runs: JudgedRun[] = [];
  for (const id of ids) {
    const run = await live.judge(id);
    if (metric === undefined || [...run.data.series].some((series) => series.id === metric)) {
      runs.push(run);
      continue;
    }
    // The engine's memory holds what rules look at; any other metric comes from the store.
    const data = new RunData(run.data.info);
    data.setConfig(Object.fromEntries(run.data.config));
    for (const { name, labels, step, time, value } of run.data.series)
      data.appendPoints({ name, labels, step, time, value });
    for (const points of await store.readPoints(id, { series: [metric], limit: mostPoints })) data.appendPoints(points);
    runs.push({ ...run, data });
  }
  return runs;
}

function requireMetric(runs: readonly JudgedRun[], metric: string, hasDirection: boolean): void {
  if (runs.every(({ data }) => [...data.series].every(({ id }) => id !== metric)))
    throw new AppError("bad-request", `No run has the metric ${metric}.`);
  if (!hasDirection && directionOf(metric) === undefined)
    throw new AppError("bad-request", `Say with better=lower or better=higher which direction of ${metric} is better.`);
}
