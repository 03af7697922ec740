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
