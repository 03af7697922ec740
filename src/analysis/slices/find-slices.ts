import { AppError } from "../../base/errors.ts";
import { benjaminiHochberg } from "../../base/multiple.ts";
import type { Condition, Evaluation, Slice } from "../../model/evaluation.ts";
import type { AttributeValues } from "../attribute.ts";
import { rangeOf } from "./bins.ts";
import type { Column } from "./column.ts";
import { differenceOf, type Difference } from "./difference.ts";
import { discover, maskOf } from "./discover.ts";
import { visibleDifference } from "./power.ts";
import type { SearchProgress } from "./search.ts";
import { isHeldOut } from "./split.ts";

/** What slices are searched in. Everything by example, in the same order. */
export interface SliceInput {
  readonly ids: readonly string[];
  /** Where examples are not independent; null for one that is. */
  readonly groups: readonly (string | null)[];
  /** How wrong each is; NaN where it does not count. */
  readonly errors: Float64Array;
  readonly values: ReadonlyMap<string, AttributeValues>;
  readonly columns: readonly Column[];
}

export interface SliceOptions {
  /** Most conditions of a slice. */
  readonly depth: number;
  /** Most slices. */
  readonly most: number;
  /** Fewest examples of a slice on either half; by default a hundredth of the half, and 20. */
  readonly minSize: number | null;
  readonly seed: number;
}

export const defaultSliceOptions: SliceOptions = { depth: 3, most: 10, minSize: null, seed: 0 };

export interface SliceReport {
  readonly slices: readonly Slice[];
  readonly search: NonNullable<Evaluation["search"]>;
}

/** At most one in twenty data sets without any problem shows one. */
const falseAlarms = 0.05;

/** Evidence of what is sent to be confirmed. Below zero: what is as strong now and then by chance alone is let through, and the other half decides. */
const leastEvidence = -3.5;

/**
 * Finds slices on one half of the examples and keeps those that the other half confirms. A generator, so that a worker or
 * the command line can show progress, and cancel by not going on.
 */
export function* findSlices(
  input: SliceInput,
  options: SliceOptions = defaultSliceOptions,
): Generator<SearchProgress, SliceReport> {
  const { columns, errors } = input;
  const halves = halvesOf(input, options.seed);
  const minSize = options.minSize ?? Math.max(20, Math.ceil(halves.search.length / 100));
  const sent = { minSize, depth: options.depth, most: options.most, least: leastEvidence };
  const { rules, candidates } = yield* discover(columns, errors, halves.search, sent);
  const groupOf = groupsOf(input);
  const tested = rules.map((rule) => {
    const mask = maskOf(columns, rule, errors.length);
    const inSlice = (row: number): boolean => mask[row] === 1;
    return { rule, inSlice, measured: differenceOf(errors, halves.heldOut, inSlice, groupOf) };
  });
  const q = benjaminiHochberg(tested.map(({ measured }) => measured.p));
  const kept: ((typeof tested)[number] & { readonly q: number })[] = [];
  tested.forEach((one, index) => {
    const { inSlice, measured } = one;
    const own = q[index] ?? 1;
    if (!(own <= falseAlarms && measured.low > 0)) return;
    // What an earlier problem explains is not another one.
    const isEarlier = (row: number): boolean => kept.some((other) => other.inSlice(row));
    const rest = halves.heldOut.filter((row) => !isEarlier(row));
    const alone = differenceOf(errors, rest, inSlice, groupOf);
    if (kept.length === 0 || alone.p <= falseAlarms) kept.push({ ...one, q: own });
  });
  const slices = kept.map(({ rule, inSlice, measured, q: own }, index) => {
    const where = rule.map(({ column, value }) => conditionOf(columns, column, value));
    const earlier = kept.slice(0, index).map((other) => other.inSlice);
    return { where, ...describe(input, inSlice, earlier), ...statedOf(measured), q: own };
  });
  return {
    slices,
    search: {
      attributes: new Set(columns.map(({ attribute }) => attribute)).size,
      candidates,
      depth: Math.min(options.depth, new Set(columns.map(({ attribute }) => attribute)).size),
      discovered: rules.length,
      confirmed: slices.length,
      visibleDifference: visibleOf(errors, halves.heldOut),
    },
  };
}

/**
 * Tests a rule that a person wrote on the half that no rule was found on. A value is a category, or a range as it is shown
 * ("12 to 30", "at least 20", "below 0.5").
 */
export function testRule(input: SliceInput, where: readonly Condition[], seed = defaultSliceOptions.seed): Slice {
  const tests = where.map((condition) => testOf(input, condition));
  const inSlice = (row: number): boolean => tests.every((test) => test(row));
  const { heldOut } = halvesOf(input, seed);
  const measured = differenceOf(input.errors, heldOut, inSlice, groupsOf(input));
  return { where: [...where], ...describe(input, inSlice, []), ...statedOf(measured), q: measured.p };
}

function testOf({ columns, values }: SliceInput, { attribute, value }: Condition): (row: number) => boolean {
  const raw = values.get(attribute);
  const text = String(value);
  for (const column of columns) {
    const code = column.attribute === attribute ? column.values.indexOf(text) : -1;
    if (code !== -1) return (row) => column.codes[row] === code;
  }
  if (raw?.kind === "category") return (row) => raw.values[row] === text;
  const range = rangeOf(text);
  if (raw?.kind === "number" && range !== undefined) return (row) => range(raw.values[row] ?? Number.NaN);
  throw new AppError(
    "bad-request",
    raw === undefined
      ? `There is no attribute "${attribute}". Known: ${[...new Set(columns.map((column) => column.attribute))].join(", ")}.`
      : `"${text}" is no range of "${attribute}". Write one like "12 to 30", "at least 20" or "below 0.5".`,
  );
}

function halvesOf({ ids, groups, errors }: SliceInput, seed: number) {
  const [search, heldOut]: [number[], number[]] = [[], []];
  ids.forEach((id, row) => {
    if (Number.isNaN(errors[row] ?? Number.NaN)) return;
    (isHeldOut(groups[row] ?? id, seed) ? heldOut : search).push(row);
  });
  return { search: Uint32Array.from(search), heldOut: Uint32Array.from(heldOut) };
}

/** Groups count where at least two examples share one. */
function groupsOf({ ids, groups }: SliceInput): ((row: number) => string) | null {
  const named = groups.filter((group) => group !== null);
  if (new Set(named).size === named.length) return null;
  return (row) => groups[row] ?? `\u0000${ids[row] ?? ""}`;
}

function conditionOf(columns: readonly Column[], column: number, value: number): Condition {
  return { attribute: columns[column]?.attribute ?? "", value: columns[column]?.values[value] ?? "" };
}

const statedOf = ({ error, baseline, difference, low, high, p }: Difference) => ({
  error,
  baseline,
  difference,
  low,
  high,
  p,
});

/** What is said of a slice over both halves. */
function describe(
  { ids, errors }: SliceInput,
  inSlice: (row: number) => boolean,
  earlier: readonly ((row: number) => boolean)[],
): Pick<Slice, "n" | "overlap" | "coverage" | "examples"> {
  const rows: number[] = [];
  let [total, own, shared] = [0, 0, 0];
  errors.forEach((error, row) => {
    if (Number.isNaN(error)) return;
    total += error;
    if (!inSlice(row)) return;
    rows.push(row);
    own += error;
    if (earlier.some((test) => test(row))) shared += 1;
  });
  const worst = rows.toSorted((a, b) => (errors[b] ?? 0) - (errors[a] ?? 0)).slice(0, 10);
  return {
    n: rows.length,
    overlap: rows.length === 0 ? 0 : shared / rows.length,
    coverage: total === 0 ? 0 : own / total,
    examples: worst.filter((row) => (errors[row] ?? 0) > 0).map((row) => ids[row] ?? ""),
  };
}

/** Of a slice that holds a tenth of the examples: a tenth of the confirming half judges it. */
function visibleOf(errors: Float64Array, heldOut: Uint32Array): number | null {
  if (heldOut.length === 0) return null;
  const own = Float64Array.from(heldOut, (row) => errors[row] ?? 0);
  const mean = own.reduce((sum, error) => sum + error, 0) / own.length;
  const deviation = Math.sqrt(own.reduce((sum, error) => sum + (error - mean) ** 2, 0) / own.length);
  const isShare = own.every((error) => error === 0 || error === 1);
  return visibleDifference(isShare ? { share: mean } : { deviation }, own.length / 10);
}
