import type { LintWhere } from "../../model/lint.ts";
import type { Row } from "./row.ts";

/** Places that a finding names beyond its first. */
const mostPlaces = 4;

export const placeOf = (row: Row, key?: string): LintWhere => ({
  file: row.file.path,
  line: row.line,
  row: row.index,
  ...(key === undefined ? {} : { key }),
});

/** Counts rows and remembers where the first few are. */
export class Tally {
  count = 0;
  readonly #places: LintWhere[] = [];

  add(row: Row, key?: string): void {
    this.count += 1;
    if (this.#places.length <= mostPlaces) this.#places.push(placeOf(row, key));
  }

  get where(): LintWhere {
    return this.#places[0] ?? { file: "" };
  }

  get also(): LintWhere[] {
    return this.#places.slice(1);
  }
}

/** "37 of 200 rows (18.5%)". */
export const shareText = (count: number, all: number, noun = "row"): string =>
  `${count.toLocaleString("en-US")} of ${all.toLocaleString("en-US")} ${noun}${all === 1 ? "" : "s"} (${percent(count / all)})`;

/** The verb after `shareText(count, ...)`: 1 of 5 rows is, 2 of 5 rows are. */
export const verb = (count: number, one: string, many: string): string => (count === 1 ? one : many);

/** Never rounds a few of many to 0% or almost all to 100%. */
export function percent(share: number): string {
  if (share > 0 && share < 0.001) return "under 0.1%";
  if (share < 1 && share > 0.999) return "over 99.9%";
  return `${Number((share * 100).toFixed(1))}%`;
}
