import type { Random } from "../../base/random.ts";
import type { AttributeValues } from "../attribute.ts";
import { columnsOf } from "./bins.ts";
import type { Column } from "./column.ts";
import type { SliceInput } from "./find-slices.ts";
import { sliceLineScore, type Score } from "./score.ts";

/** Columns of values drawn at random; `weights` of the values need not add up to 1. */
export function randomColumns(random: Random, rows: number, weights: readonly (readonly number[])[]): Column[] {
  return weights.map((column, index) => {
    const total = column.reduce((sum, weight) => sum + weight, 0);
    const codes = Int32Array.from({ length: rows }, () => {
      let left = random.uniform() * total;
      const code = column.findIndex((weight) => (left -= weight) < 0);
      return code;
    });
    return { attribute: `attribute ${index}`, codes, values: column.map((_, value) => String(value)) };
  });
}

export const evenly = (columns: number, values: number): number[][] =>
  Array.from({ length: columns }, () => Array.from({ length: values }, () => 1));

/** Mean 0, standard deviation 1 (Box and Muller). */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());

export const allRows = (rows: number): Uint32Array => Uint32Array.from({ length: rows }, (_, row) => row);

export function sliceLineOf(errors: Float64Array, alpha: number): Score {
  return sliceLineScore({ n: errors.length, error: errors.reduce((sum, error) => sum + error, 0) }, alpha);
}

/** Scores of all slices, by looking at each of them. */
export function bruteForce(
  columns: readonly Column[],
  errors: Float64Array,
  { score, minSize, depth }: { readonly score: Score; readonly minSize: number; readonly depth: number },
): number[] {
  const scores: number[] = [];
  const grow = (from: number, rows: readonly number[], used: readonly string[]): void => {
    if (used.length === depth) return;
    columns.slice(from).forEach(({ attribute, codes, values }, offset) => {
      if (used.includes(attribute)) return;
      for (let value = 0; value < values.length; value += 1) {
        const own = rows.filter((row) => codes[row] === value);
        if (own.length < minSize) continue;
        const error = own.reduce((sum, row) => sum + (errors[row] ?? 0), 0);
        scores.push(score.of(own.length, error, used.length + 1));
        grow(from + offset + 1, own, [...used, attribute]);
      }
    });
  };
  grow(0, [...errors.keys()], []);
  return scores.filter((value) => value > score.least).toSorted((a, b) => b - a);
}

/** An evaluation with eight categories of 2 to 20 values and two numbers; `errorOf` draws the error of each example. */
export function madeInput(
  random: Random,
  rows: number,
  errorOf: (row: number, columns: readonly Column[]) => number,
): SliceInput {
  const weights = [2, 3, 4, 5, 6, 8, 10, 20].map((values) =>
    Array.from({ length: values }, (_, value) => (values === 20 ? 1 : 1 / (value + 1))),
  );
  const categories = randomColumns(random, rows, weights);
  const values = new Map<string, AttributeValues>();
  for (const name of ["length", "age"])
    values.set(name, {
      kind: "number",
      values: Float64Array.from({ length: rows }, () => Math.round(10 * Math.exp(normal(random)))),
    });
  const columns = [...categories, ...[...values].flatMap(([name, own]) => columnsOf(name, own))];
  const errors = Float64Array.from({ length: rows }, (_, row) => errorOf(row, columns));
  const ids = Array.from({ length: rows }, () => `id ${random.bits()}`);
  return { ids, groups: Array.from(ids, () => null), errors, values, columns };
}
