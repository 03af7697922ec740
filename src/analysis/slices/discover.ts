import type { Column } from "./column.ts";
import { choicesByDepth, evidenceScore } from "./score.ts";
import { searchSlices, type Found, type SearchProgress } from "./search.ts";
import { tableOf, type Table } from "./table.ts";

export interface Discovery {
  /** Conditions of each rule as column and value; the strongest first. */
  readonly rules: readonly (readonly RulePart[])[];
  /** Slices that were measured. */
  readonly candidates: number;
}

export interface RulePart {
  readonly column: number;
  readonly value: number;
}

export interface DiscoveryOptions {
  readonly minSize: number;
  readonly depth: number;
  readonly most: number;
  /** Evidence (natural logarithm) beyond what the best of pure chance reaches. */
  readonly least: number;
}

/** A later problem may share at most this share of its examples with earlier ones. */
const mostOverlap = 0.5;
/** So many of the strongest are looked at for one that overlaps little. */
const looked = 20;

/**
 * Different problems one after the other: the strongest slice is taken, its examples are set aside, and the rest is
 * searched again, so that each next one explains errors that no earlier one does.
 */
export function* discover(
  columns: readonly Column[],
  errors: Float64Array,
  rows: Uint32Array,
  options: DiscoveryOptions,
): Generator<SearchProgress, Discovery> {
  const rules: RulePart[][] = [];
  let candidates = 0;
  let left = rows;
  while (rules.length < options.most && left.length >= 2 * options.minSize) {
    const table = tableOf(columns, errors, left, options.minSize);
    const score = scoreOf(table, options);
    const before = candidates;
    const steps = searchSlices(table, { ...options, count: looked, score });
    let step = steps.next();
    for (; step.done !== true; step = steps.next())
      yield { depth: step.value.depth, evaluated: before + step.value.evaluated };
    candidates += step.value.evaluated;
    const isLeft = new Uint8Array(errors.length);
    for (const row of left) isLeft[row] = 1;
    const fresh = firstOf(step.value.found, (found) => {
      const rule = shorten(found, table, columns);
      const own = rowsOf(columns, rule, rows);
      return own.filter((row) => isLeft[row] === 0).length <= mostOverlap * own.length ? rule : undefined;
    });
    if (fresh === undefined) break;
    rules.push(fresh);
    const taken = maskOf(columns, fresh, errors.length);
    left = left.filter((row) => taken[row] === 0);
  }
  return { rules, candidates };
}

/** Those of `rows` that a rule holds for. */
function rowsOf(columns: readonly Column[], rule: readonly RulePart[], rows: Uint32Array): Uint32Array {
  return rule.reduce((left, { column, value }) => {
    const codes = columns[column]?.codes ?? new Int32Array();
    return left.filter((row) => codes[row] === value);
  }, rows);
}

/** 1 for each of `n` examples that a rule holds for. */
export function maskOf(columns: readonly Column[], rule: readonly RulePart[], n: number): Uint8Array {
  const mask = new Uint8Array(n).fill(1);
  for (const { column, value } of rule) {
    const codes = columns[column]?.codes ?? new Int32Array();
    for (let row = 0; row < n; row += 1) if (codes[row] !== value) mask[row] = 0;
  }
  return mask;
}

function firstOf<T, U>(list: readonly T[], of: (item: T) => U | undefined): U | undefined {
  for (const item of list) {
    const found = of(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function scoreOf(table: Table, { depth, least }: DiscoveryOptions) {
  const values = new Map<number, number>();
  for (const { attribute } of table.items) values.set(attribute, (values.get(attribute) ?? 0) + 1);
  const mean = table.total / table.n;
  const squares = table.errors.reduce((sum, error) => sum + (error - mean) ** 2, 0);
  const spread = table.isShare ? "share" : Math.sqrt(squares / table.n);
  return evidenceScore({ n: table.n, error: table.total }, spread, choicesByDepth([...values.values()], depth), least);
}

/** Standard errors by which what a condition leaves out must be better for the condition to stay: one-sided 5 %. */
const tellsApart = 1.645;

/** Leaves out conditions that explain nothing: without them the slice is larger and the added examples are as bad. */
function shorten({ items }: Found, table: Table, columns: readonly Column[]): RulePart[] {
  let rule = items.map(({ source }) => source);
  for (let at = 0; at < rule.length && rule.length > 1;) {
    const shorter = rule.filter((_, index) => index !== at);
    if (isAsBad(rule, shorter, table, columns)) {
      rule = shorter;
      at = 0;
    } else at += 1;
  }
  return rule;
}

function isAsBad(
  rule: readonly RulePart[],
  shorter: readonly RulePart[],
  table: Table,
  columns: readonly Column[],
): boolean {
  const [own, added] = [new Mean(), new Mean()];
  const [inRule, inShorter] = [rule, shorter].map((part) => maskOf(columns, part, columns[0]?.codes.length ?? 0));
  table.order.forEach((row, place) => {
    if (inShorter?.[row] === 1) (inRule?.[row] === 1 ? own : added).add(table.errors[place] ?? 0);
  });
  const better = own.mean - added.mean;
  const isWorse = added.n === 0 || added.mean > table.total / table.n;
  return isWorse && !(better > tellsApart * Math.sqrt(own.variance + added.variance));
}

class Mean {
  n = 0;
  #sum = 0;
  #squares = 0;

  add(value: number): void {
    this.n += 1;
    this.#sum += value;
    this.#squares += value * value;
  }

  get mean(): number {
    return this.n === 0 ? 0 : this.#sum / this.n;
  }

  /** Of the mean. */
  get variance(): number {
    return this.n === 0 ? 0 : Math.max(0, this.#squares / this.n - this.mean ** 2) / this.n;
  }
}
