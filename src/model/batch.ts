import type { FlatConfig } from "./config.ts";
import type { LogRecord } from "./record.ts";
import type { SeriesPoints } from "./series.ts";

/** What one piece of input came to: the good part, and what was refused with the reason. */
export interface Decoded {
  readonly series: readonly SeriesPoints[];
  readonly records: readonly LogRecord[];
  readonly config: FlatConfig;
  /** Trainer recognised in this input, e.g. `hf`; undefined when it gave no sign. */
  readonly dialect?: string | undefined;
  readonly rejected: readonly Rejection[];
}

/** `index`: position of the refused item in its batch, or its line number (from 1) in a file. */
export interface Rejection {
  readonly index: number;
  readonly reason: string;
}
