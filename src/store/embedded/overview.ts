import { fanOut } from "./accumulator.ts";
import { BucketRows, field, mergeRow, stride } from "./bucket-rows.ts";

/**
 * The buckets of the highest stored level of one series, and coarser ones made of 16 of them each. A
 * wide chart is made of the coarse rows alone; where it needs more, the rows under them are at hand.
 */
export class Overview {
  readonly base: BucketRows;
  readonly coarse = new BucketRows();
  /** Index in `base` of the first row under each coarse row. */
  private starts = new Int32Array(16);

  constructor(base: BucketRows) {
    this.base = base;
    for (let row = 0; row < base.length; row++) this.cover(row);
  }

  get bytes(): number {
    return this.base.bytes + this.coarse.bytes + this.starts.byteLength;
  }

  /** Appends a row of the base level, which follows the last one. */
  push(data: Float64Array, offset: number): void {
    this.base.push(data, offset);
    this.cover(this.base.length - 1);
  }

  /** The rows of the base level under a coarse row: from (inclusive) and to (exclusive). */
  under(row: number): readonly [number, number] {
    return [this.starts[row] ?? 0, row + 1 < this.coarse.length ? (this.starts[row + 1] ?? 0) : this.base.length];
  }

  private cover(row: number): void {
    const last = this.coarse.length - 1;
    const joins =
      last >= 0 &&
      row - (this.starts[last] ?? 0) < fanOut &&
      this.coarse.at(last, field.segment) === this.base.at(row, field.segment);
    if (joins) {
      mergeRow(this.coarse.data, last * stride, this.base.data, row * stride);
      return;
    }
    this.coarse.push(this.base.data, row * stride);
    if (this.coarse.length > this.starts.length) {
      const grown = new Int32Array(this.starts.length * 2);
      grown.set(this.starts);
      this.starts = grown;
    }
    this.starts[this.coarse.length - 1] = row;
  }
}
