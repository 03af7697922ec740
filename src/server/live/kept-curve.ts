import { z } from "zod";
import { RunSummary } from "../../api/runs.ts";
import type { Store } from "../../store/store.ts";

/** What a list shows of a run's main loss; `count` says of how many points, and so whether it is still true. */
const KeptCurve = RunSummary.pick({ sparkline: true }).extend({ series: z.string(), count: z.number() });
export type KeptCurve = z.infer<typeof KeptCurve>;

const key = "llmdbg/curve";

/** Curves kept beside the points: after a restart a list of ten thousand runs reads none of their points. */
export const keepCurve = (store: Store, run: string, curve: KeptCurve): Promise<void> =>
  store.putBlob(run, key, Buffer.from(JSON.stringify(curve)), "application/json");

/** The kept sparkline if it is of exactly these points. */
export async function keptSparkline(
  store: Store,
  run: string,
  main: { readonly id: string; readonly count: number },
): Promise<KeptCurve["sparkline"] | undefined> {
  const blob = await store.getBlob(run, key);
  if (blob === undefined) return undefined;
  const kept = KeptCurve.safeParse(JSON.parse(Buffer.from(blob.content).toString("utf8")));
  return kept.data?.series === main.id && kept.data.count === main.count ? kept.data.sparkline : undefined;
}

/** A series up to this length is read whole for its sparkline. */
const maxCurvePoints = 5_000;

/** Enough of a series for its sparkline: all of a short one, the extremes of a long one in their order. */
export async function shortCurve(
  store: Store,
  run: string,
  { id: series, count }: { readonly id: string; readonly count: number },
): Promise<Float64Array> {
  if (count <= maxCurvePoints) {
    const [points] = await store.readPoints(run, { series: [series], limit: maxCurvePoints });
    return points?.value ?? new Float64Array(0);
  }
  const [curve] = await store.readBuckets(run, { series: [series], axis: "step", width: 200 });
  if (curve === undefined) return new Float64Array(0);
  const values = new Float64Array(2 * curve.min.length);
  for (let i = 0; i < curve.min.length; i += 1) {
    const [low, high] = [curve.min[i] ?? Number.NaN, curve.max[i] ?? Number.NaN];
    const isLowFirst = (curve.minStep[i] ?? 0) <= (curve.maxStep[i] ?? 0);
    values.set(isLowFirst ? [low, high] : [high, low], 2 * i);
  }
  return values;
}
