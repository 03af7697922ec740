import { columnsOf, otherValue, rangeOf } from "../../analysis/index.ts";
import type { AttributeSummary } from "../../api/evaluation.ts";
import type { Condition } from "../../model/evaluation.ts";
import type { JudgedExample } from "../../model/example.ts";
import { fromWire, toWire } from "../../model/number.ts";

interface IndexColumn {
  readonly values: string[];
  /** Index into `values` for each example, -1 where it has none. */
  readonly codes: Int32Array;
}

/**
 * What filters, sorts and slices need of all examples of a run, in memory: errors and attributes, no texts. A million
 * examples with 40 attributes take 170 MB.
 */
export class ExampleIndex {
  readonly n: number;
  readonly errors: Float64Array;
  readonly #columns = new Map<string, IndexColumn>();
  readonly #codes = new Map<string, Map<string, number>>();

  constructor(n: number) {
    this.n = n;
    this.errors = new Float64Array(n).fill(Number.NaN);
  }

  get columns(): ReadonlyMap<string, IndexColumn> {
    return this.#columns;
  }

  set(position: number, { error, attributes }: JudgedExample): void {
    this.errors[position] = error === null ? Number.NaN : (fromWire(error) ?? Number.NaN);
    for (const [attribute, value] of Object.entries(attributes)) {
      let column = this.#columns.get(attribute);
      let known = this.#codes.get(attribute);
      if (column === undefined || known === undefined) {
        column = { values: [], codes: new Int32Array(this.n).fill(-1) };
        known = new Map();
        this.#columns.set(attribute, column);
        this.#codes.set(attribute, known);
      }
      let code = known.get(value);
      if (code === undefined) {
        code = column.values.length;
        column.values.push(value);
        known.set(value, code);
      }
      column.codes[position] = code;
    }
  }

  /**
   * Positions that fulfil all conditions, in order. A condition names a value, or a range of numbers ("at least 20"); one
   * on an attribute or a value that is not there fulfils none.
   */
  where(conditions: readonly Condition[], wrongOnly: boolean): Int32Array {
    const tests = conditions.map(({ attribute, value }) => {
      const column = this.#columns.get(attribute);
      return { codes: column?.codes, holds: column === undefined ? undefined : holding(column, String(value)) };
    });
    const found = new Int32Array(this.n);
    let count = 0;
    for (let position = 0; position < this.n; position += 1) {
      if (wrongOnly && !((this.errors[position] ?? 0) > 0)) continue;
      if (tests.every(({ codes, holds }) => holds?.[codes?.[position] ?? -1] === 1)) {
        found[count] = position;
        count += 1;
      }
    }
    return found.slice(0, count);
  }

  /** Worst first; those that do not count come last, and equals stay in their order. */
  byError(positions: Int32Array): Int32Array {
    const rank = (position: number): number => {
      const error = this.errors[position] ?? Number.NaN;
      return Number.isNaN(error) ? Number.NEGATIVE_INFINITY : error;
    };
    return positions.toSorted((a, b) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a)));
  }

  summaries(): AttributeSummary[] {
    return [...this.#columns].map(([attribute, column]) => {
      const { values, codes } = binned(attribute, column);
      const n = new Float64Array(values.length);
      const counted = new Float64Array(values.length);
      const sum = new Float64Array(values.length);
      codes.forEach((code, position) => {
        if (code === -1) return;
        n[code] = (n[code] ?? 0) + 1;
        const error = this.errors[position] ?? Number.NaN;
        if (Number.isNaN(error)) return;
        counted[code] = (counted[code] ?? 0) + 1;
        sum[code] = (sum[code] ?? 0) + error;
      });
      return {
        attribute,
        values: values.map((value, code) => ({
          value,
          n: n[code] ?? 0,
          error: toWire((sum[code] ?? 0) / (counted[code] ?? 0)),
        })),
      };
    });
  }
}

/** Which of a column's values a condition names: 1 where it does. */
function holding({ values, codes }: IndexColumn, wanted: string): Uint8Array {
  const exact = values.indexOf(wanted);
  if (exact === -1 && wanted === otherValue) {
    const all = Array.from(codes, (code) => values[code] ?? null);
    const named = new Set(columnsOf("", { kind: "category", values: all })[0]?.values);
    return Uint8Array.from(values, (value) => (named.has(value) ? 0 : 1));
  }
  if (exact !== -1) return Uint8Array.from(values, (_, code) => (code === exact ? 1 : 0));
  const range = rangeOf(wanted);
  return Uint8Array.from(values, (value) => (range?.(numberOf(value)) === true ? 1 : 0));
}

const numberOf = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text));

/** Numbers as ranges of as many examples each; categories as they are. */
function binned(attribute: string, column: IndexColumn): Pick<IndexColumn, "codes"> & { values: readonly string[] } {
  const numbers = column.values.map(numberOf);
  if (numbers.length === 0 || numbers.some(Number.isNaN)) return column;
  const values = Float64Array.from(column.codes, (code) => numbers[code] ?? Number.NaN);
  // The first column holds each example once; open ranges come behind it.
  return columnsOf(attribute, { kind: "number", values })[0] ?? column;
}
