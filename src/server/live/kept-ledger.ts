import { emptyLedger, LedgerState } from "../../analysis/index.ts";
import { toJson } from "../../model/number.ts";
import type { Store } from "../../store/store.ts";

const key = "llmdbg/ledger";

/** Which findings of a run were shown, and which of them no longer hold: a restart must not forget it. */
export const keepLedger = (store: Store, run: string, ledger: LedgerState): Promise<void> =>
  store.putBlob(run, key, Buffer.from(toJson(ledger)), "application/json");

export async function keptLedger(store: Store, run: string): Promise<LedgerState> {
  const blob = await store.getBlob(run, key);
  if (blob === undefined) return emptyLedger;
  // Of another version, or damaged: the findings are still right without it.
  return LedgerState.catch(emptyLedger).parse(JSON.parse(Buffer.from(blob.content).toString("utf8")));
}
