import type { Example } from "../../model/example.ts";
import type { AttributeContext, AttributeValues } from "../attribute.ts";
import { attributes } from "../attributes/index.ts";
import type { Column } from "./column.ts";
import { columnsOf } from "./bins.ts";

/** What is known of the examples: raw values by attribute, and the same as columns for the search. */
export interface Attributed {
  readonly values: ReadonlyMap<string, AttributeValues>;
  readonly columns: readonly Column[];
}

/** All attributes of the examples: the user's own columns first, then what is computed. A user's name goes before ours. */
export function attributesOf(examples: readonly Example[], context: AttributeContext): Attributed {
  const values = new Map(ownColumns(examples));
  for (const attribute of attributes) {
    if (!attribute.tasks.includes(context.task)) continue;
    for (const [name, own] of attribute.read(examples, context)) if (!values.has(name)) values.set(name, own);
  }
  return { values, columns: [...values].flatMap(([name, own]) => columnsOf(name, own)) };
}

/** A column is one of numbers where every value in it is a number. */
function ownColumns(examples: readonly Example[]): Map<string, AttributeValues> {
  const names = new Set<string>();
  for (const { attributes: own } of examples) for (const name of own.keys()) names.add(name);
  return new Map(
    Array.from(names, (name) => {
      const raw = examples.map(({ attributes: own }) => own.get(name) ?? null);
      const isNumeric =
        raw.every((value) => value === null || typeof value === "number") && raw.some((value) => value !== null);
      return [
        name,
        isNumeric
          ? {
              kind: "number",
              values: Float64Array.from(raw, (value) => (typeof value === "number" ? value : Number.NaN)),
            }
          : { kind: "category", values: raw.map((value) => (value === null ? null : String(value))) },
      ];
    }),
  );
}
