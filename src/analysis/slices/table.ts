import type { Column } from "./column.ts";

/** One condition in the search: value `code` (from 1) of a column. */
export interface Item {
  readonly column: number;
  readonly code: number;
  /** Items of one attribute never meet in a slice. */
  readonly attribute: number;
  readonly size: number;
  readonly error: number;
  /** The greatest error of one example. */
  readonly most: number;
  /** Where it comes from. */
  readonly source: { readonly column: number; readonly value: number };
}

/**
 * The examples and columns that a search looks at. Where errors are 0 or 1 the examples that are wrong come first, so
 * that a list of rows in ascending order is cut in two by one binary search, and counting needs no errors at all.
 */
export interface Table {
  readonly n: number;
  readonly total: number;
  readonly isShare: boolean;
  /** How many examples are wrong, where errors are 0 or 1. */
  readonly wrong: number;
  /** In the order of this table. */
  readonly errors: Float64Array;
  /** Its rows as places in the examples. */
  readonly order: Uint32Array;
  /** By column and row: 0 where the value is none, or too rare to be a slice. */
  readonly codes: readonly (Uint8Array | Uint16Array)[];
  readonly items: readonly Item[];
}

/** `rows`: which examples to search. Those without an error (NaN) do not count. */
export function tableOf(columns: readonly Column[], errors: Float64Array, rows: Uint32Array, minSize: number): Table {
  const counted = rows.filter((row) => !Number.isNaN(errors[row] ?? Number.NaN));
  const isShare = counted.every((row) => errors[row] === 0 || errors[row] === 1);
  const order = isShare ? wrongFirst(counted, errors) : counted;
  const own = Float64Array.from(order, (row) => errors[row] ?? 0);
  const total = own.reduce((sum, error) => sum + error, 0);
  const items: Item[] = [];
  const kept: { readonly column: Column; readonly codeOf: Uint16Array }[] = [];
  const attributes = new Map<string, number>();
  columns.forEach((column, source) => {
    const attribute = attributes.get(column.attribute) ?? attributes.size;
    attributes.set(column.attribute, attribute);
    const stats = statsOf(column, order, own);
    const codeOf = new Uint16Array(column.values.length + 1);
    let code = 0;
    column.values.forEach((_, value) => {
      const size = stats.size[value] ?? 0;
      // A value that all have says nothing.
      if (size < minSize || size === order.length) return;
      code += 1;
      codeOf[value + 1] = code;
      const [error, most] = [stats.error[value] ?? 0, stats.most[value] ?? 0];
      items.push({ column: kept.length, code, attribute, size, error, most, source: { column: source, value } });
    });
    if (code > 0) kept.push({ column, codeOf });
  });
  // One kind of array for all columns keeps the loops over them fast.
  const isSmall = items.every(({ code }) => code < 256);
  const codes = kept.map(({ column, codeOf }) => {
    const local = isSmall ? new Uint8Array(order.length) : new Uint16Array(order.length);
    for (let i = 0; i < local.length; i += 1) local[i] = codeOf[(column.codes[order[i] ?? 0] ?? -1) + 1] ?? 0;
    return local;
  });
  return { n: order.length, total, isShare, wrong: isShare ? total : 0, errors: own, order, codes, items };
}

function wrongFirst(rows: Uint32Array, errors: Float64Array): Uint32Array {
  const order = new Uint32Array(rows.length);
  let place = 0;
  for (const row of rows) if (errors[row] === 1) order[place++] = row;
  for (const row of rows) if (errors[row] !== 1) order[place++] = row;
  return order;
}

function statsOf({ codes, values }: Column, order: Uint32Array, errors: Float64Array) {
  const size = new Float64Array(values.length);
  const error = new Float64Array(values.length);
  const most = new Float64Array(values.length);
  for (let i = 0; i < order.length; i += 1) {
    const code = codes[order[i] ?? 0] ?? -1;
    if (code < 0) continue;
    const own = errors[i] ?? 0;
    size[code] = (size[code] ?? 0) + 1;
    error[code] = (error[code] ?? 0) + own;
    if (own > (most[code] ?? 0)) most[code] = own;
  }
  return { size, error, most };
}
