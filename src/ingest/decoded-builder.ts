import type { Decoded } from "../model/batch.ts";
import { flatten, maxConfigKeys } from "../model/config.ts";
import type { FlatConfig, Scalar } from "../model/config.ts";
import type { LogRecord } from "../model/record.ts";
import type { Labels, SeriesPoints } from "../model/series.ts";
import { maskSecret } from "./secret.ts";
import { PointsBuilder } from "./points-builder.ts";
import type { Place } from "./points-builder.ts";
import type { RowValues } from "./row-table.ts";

/** Refusals told one by one; a garbled file would otherwise answer with itself. The rest is counted. */
const maxRejections = 1_000;

/** Without a prototype, since keys are data. */
export const emptyConfig = (): FlatConfig => flatten({});

/** Collects what a decoder finds until the next `take`. */
export class DecodedBuilder {
  /** The trainer recognised so far; it stays on every batch from then on. */
  dialect: string | undefined;
  readonly #points = new PointsBuilder();
  #records: LogRecord[] = [];
  #config: FlatConfig = emptyConfig();
  #rejected: { index: number; reason: string }[] = [];
  #refusals = 0;
  readonly #configKeys = new Set<string>();

  /** `index` is the line or row that it came from, for the refusal. */
  point(name: string, labels: Labels | undefined, at: Place & { index: number }, value: number): void {
    const refusal = this.#points.add(name, labels, at, value);
    if (refusal !== undefined) this.reject(at.index, refusal);
  }

  /** See `PointsBuilder.addRow`. */
  row(names: readonly string[], at: Place, values: RowValues): boolean {
    return this.#points.addRow(names, at, values);
  }

  /** Whole columns at once; false when a point of them can't be taken: `point` then says which. */
  columns(points: SeriesPoints): boolean {
    return this.#points.addColumns(points.name, points.labels, points) === undefined;
  }

  record(record: LogRecord): void {
    this.#records.push(record);
  }

  configure(key: string, value: Scalar): void {
    if (key.length === 0 || key.length > 512) return;
    this.#configKeys.add(key);
    if (this.#configKeys.size <= maxConfigKeys) this.#config[key] = maskSecret(key, value);
  }

  reject(index: number, reason: string): void {
    this.#refusals += 1;
    if (this.#refusals <= maxRejections) this.#rejected.push({ index, reason });
  }

  take(): Decoded {
    const decoded: Decoded = {
      series: this.#points.take(),
      records: this.#records,
      config: this.#config,
      dialect: this.dialect,
      rejected: this.#rejected,
    };
    this.#records = [];
    this.#config = emptyConfig();
    this.#rejected = [];
    return decoded;
  }

  /** The last batch, with the count of refusals that were not told one by one. */
  finish(lastIndex: number): Decoded {
    const untold = this.#refusals - maxRejections;
    if (untold > 0) this.#rejected.push({ index: lastIndex, reason: `${untold} more refusals like these` });
    return this.take();
  }
}
