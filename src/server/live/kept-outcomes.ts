import { z } from "zod";
import { AdviceOutcome } from "../../model/finding.ts";
import type { Store } from "../../store/store.ts";

/** What became of one advice of a run's finding, in one group of later runs. */
export const KeptOutcome = z.object({
  rule: z.string(),
  advice: z.string(),
  /** First run of the group that applied it: a group that grows is judged anew. */
  group: z.string(),
  outcome: AdviceOutcome,
  /** Nothing else changed, so the outcome speaks of this advice. */
  alone: z.boolean(),
});
export type KeptOutcome = z.infer<typeof KeptOutcome>;

const key = "llmdbg/advice";

/** Outcomes are kept beside the findings, which are derived anew with every diagnosis. */
export const keepOutcomes = (store: Store, run: string, outcomes: readonly KeptOutcome[]): Promise<void> =>
  store.putBlob(run, key, Buffer.from(JSON.stringify(outcomes)), "application/json");

/** Empty when the run has none; what is not understood (a later version wrote it) is left alone. */
export async function keptOutcomes(store: Store, run: string): Promise<readonly KeptOutcome[]> {
  if (!(await store.listBlobs(run)).some((blob) => blob.key === key)) return [];
  const blob = await store.getBlob(run, key);
  if (blob === undefined) return [];
  const kept = z.array(KeptOutcome).safeParse(JSON.parse(Buffer.from(blob.content).toString("utf8")));
  return kept.data ?? [];
}
