import type { AttributeValues } from "../attribute.ts";
import type { Column } from "./column.ts";

/** A numeric attribute with at most so many different values is taken value by value. */
const mostValues = 8;
/** Disjoint ranges of as many examples each. */
const ranges = 5;
/** Where open ranges begin: "at least" from these quantiles up, "at most" the mirrored ones. */
const openAt = [0.75, 0.9, 0.95];
/** A bound may move by this share of the examples to become a round number. */
const play = 0.02;
/** Rarer categories are put together: a slice of theirs could not be judged anyway. */
const rare = { share: 0.005, rows: 20 };

/** The name of all categories that are too rare to stand alone. */
export const otherValue = "(any other)";

/** An attribute as columns for the search: categories, ranges, and open ranges as columns of their own. */
export function columnsOf(attribute: string, values: AttributeValues): Column[] {
  if (values.kind === "category") return [categories(attribute, values.values)];
  const finite = values.values.filter(Number.isFinite).sort();
  if (finite.length === 0) return [];
  const distinct = distinctUpTo(finite, mostValues + 1);
  const isWhole = finite.every(Number.isInteger);
  if (distinct.length > mostValues) return binned(attribute, values.values, finite, isWhole);
  const texts = new Map<number, string | null>(distinct.map((value) => [value, String(value)]));
  const textOf = (value: number): string | null => (Number.isNaN(value) ? null : (texts.get(value) ?? String(value)));
  const named = categories(attribute, Array.from(values.values, textOf));
  if (distinct.length < 4) return [named];
  // The ends stand in the column of single values already.
  const open = distinct
    .slice(1, -1)
    .flatMap((bound) => [`at least ${bound}`, ...(isWhole ? [`at most ${bound}`] : [])]);
  return [named, ...open.map((text) => single(attribute, values.values, text))];
}

function categories(attribute: string, values: readonly (string | null)[]): Column {
  const placeOf = new Map<string, number>();
  const counts: number[] = [];
  const codes = new Int32Array(values.length).fill(-1);
  // Of a million rows each is looked up once: the places become codes when it is known which are frequent.
  values.forEach((value, row) => {
    if (value === null) return;
    const place = placeOf.get(value) ?? placeOf.size;
    if (place === counts.length) placeOf.set(value, counts.push(0) - 1);
    counts[place] = (counts[place] ?? 0) + 1;
    codes[row] = place;
  });
  const least = Math.max(rare.rows, rare.share * values.length);
  const frequent = Array.from(placeOf)
    .filter(([, place]) => (counts[place] ?? 0) >= least)
    .toSorted(([, a], [, b]) => (counts[b] ?? 0) - (counts[a] ?? 0));
  const codeOf = new Int32Array(counts.length).fill(frequent.length);
  frequent.forEach(([, place], code) => {
    codeOf[place] = code;
  });
  for (let row = 0; row < codes.length; row += 1) {
    const place = codes[row] ?? -1;
    if (place !== -1) codes[row] = codeOf[place] ?? -1;
  }
  const names = frequent.map(([name]) => name);
  return { attribute, codes, values: names.length < counts.length ? [...names, otherValue] : names };
}

function binned(attribute: string, values: Float64Array, sorted: Float64Array, isWhole: boolean): Column[] {
  const [least = 0] = sorted;
  const inner = Array.from({ length: ranges - 1 }, (_, index) => roundCut(sorted, (index + 1) / ranges));
  const higher = distinctUpTo(inner, ranges).filter((cut) => cut > least);
  const cuts = higher.length > 0 ? higher : [sorted.find((value) => value > least) ?? least];
  const below = (cut: number): string => (isWhole ? `at most ${cut - 1}` : `below ${cut}`);
  const texts = [...cuts, undefined].map((cut, index) => {
    const from = cuts[index - 1];
    if (cut === undefined) return `at least ${from ?? ""}`;
    if (from === undefined) return below(cut);
    if (isWhole) return cut - 1 === from ? String(from) : `${from} to ${cut - 1}`;
    return `${from} up to ${cut}`;
  });
  const codes = new Int32Array(values.length);
  for (let row = 0; row < codes.length; row += 1) {
    const value = values[row] ?? Number.NaN;
    let code = Number.isNaN(value) ? -1 : 0;
    for (const cut of cuts) if (value >= cut) code += 1;
    codes[row] = code;
  }
  const open = openAt.flatMap((share) => [
    `at least ${roundCut(sorted, share)}`,
    below(roundCut(sorted, 1 - share) + (isWhole ? 1 : 0)),
  ]);
  const fresh = [...new Set(open)].filter((text) => !texts.includes(text));
  return [{ attribute, codes, values: texts }, ...fresh.map((text) => single(attribute, values, text))];
}

function single(attribute: string, values: Float64Array, text: string): Column {
  const holds = rangeOf(text);
  const codes = new Int32Array(values.length);
  for (let row = 0; row < codes.length; row += 1) codes[row] = holds?.(values[row] ?? Number.NaN) === true ? 0 : -1;
  return { attribute, codes, values: [text] };
}

const numberText = "(-?[\\d.]+(?:e[+-]?\\d+)?)";
const forms: readonly (readonly [RegExp, (value: number, first: number, second: number) => boolean])[] = [
  [new RegExp(`^at least ${numberText}$`, "u"), (value, first) => value >= first],
  [new RegExp(`^at most ${numberText}$`, "u"), (value, first) => value <= first],
  [new RegExp(`^below ${numberText}$`, "u"), (value, first) => value < first],
  [new RegExp(`^above ${numberText}$`, "u"), (value, first) => value > first],
  [new RegExp(`^${numberText} to ${numberText}$`, "u"), (value, first, second) => value >= first && value <= second],
  [new RegExp(`^${numberText} up to ${numberText}$`, "u"), (value, first, second) => value >= first && value < second],
  [new RegExp(`^${numberText}$`, "u"), (value, first) => value === first],
];

/** What the text of a range means, as it is made here or written by a person; undefined where it is none. */
export function rangeOf(text: string): ((value: number) => boolean) | undefined {
  for (const [form, holds] of forms) {
    const match = form.exec(text.trim().toLowerCase());
    if (match === null) continue;
    const [first, second] = [Number(match[1]), Number(match[2])];
    return (value) => holds(value, first, second);
  }
  return undefined;
}

/** The roundest number near a quantile. */
function roundCut(sorted: Float64Array, share: number): number {
  const at = (place: number): number => sorted[Math.round(Math.min(1, Math.max(0, place)) * (sorted.length - 1))] ?? 0;
  const [low, middle, high] = [at(share - play), at(share), at(share + play)];
  if (low === high) return Number(middle.toPrecision(12));
  const largest = Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high))));
  for (let power = largest; power >= largest - 12; power -= 1)
    for (const digit of [5, 2, 1]) {
      const step = digit * 10 ** power;
      const round = Math.round(middle / step) * step;
      if (round >= low && round <= high && round !== 0) return Number(round.toPrecision(12));
    }
  return middle;
}

function distinctUpTo(sorted: ArrayLike<number>, most: number): number[] {
  const distinct: number[] = [];
  for (let i = 0; i < sorted.length && distinct.length < most; i += 1)
    if (sorted[i] !== distinct.at(-1)) distinct.push(sorted[i] ?? 0);
  return distinct;
}
