import type { Store } from "../store/store.ts";
import type { KeptExamples } from "./evaluations/kept-examples.ts";
import type { Catalog } from "./live/catalog.ts";
import type { Hub } from "./live/hub.ts";
import type { LiveRuns } from "./live/live-runs.ts";
import type { Summaries } from "./live/summaries.ts";

/** What every endpoint works with. */
export interface Services {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly live: LiveRuns;
  readonly summaries: Summaries;
  readonly hub: Hub;
  readonly examples: KeptExamples;
  readonly directory: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Gives the disk of deleted runs back, soon and once for several deletions. */
  readonly reclaim: () => void;
}
