import type { Form } from "./row-reader.ts";

/** Fewer odd rows are faults of single rows and reported as such. */
const leastShare = 0.02;

/**
 * Rows of two kinds in one file: their predictions stand in fields of different names. One score over both would be of
 * nothing. Answers what to say about it, or null where the file is of one kind.
 */
export function mixedForms(forms: readonly Form[]): string | null {
  const kinds = new Map<string, { fields: string; rows: number; lines: number[] }>();
  let total = 0;
  for (const { roles, rows, lines } of forms) {
    const prediction = roles.get("prediction");
    const reference = roles.get("reference");
    total += rows;
    if (prediction === undefined && reference === undefined) continue;
    const fields = [prediction, reference].filter((name) => name !== undefined).join(" and ");
    const kind = kinds.get(fields) ?? { fields, rows: 0, lines: [] };
    kind.rows += rows;
    kind.lines.push(...lines);
    kinds.set(fields, kind);
  }
  const [first, second] = [...kinds.values()]
    .filter(({ rows }) => rows >= Math.max(2, total * leastShare))
    .toSorted((a, b) => b.rows - a.rows);
  if (first === undefined || second === undefined) return null;
  const say = ({ fields, rows, lines }: typeof first): string =>
    `${rows} rows with ${fields} (line ${lines
      .toSorted((a, b) => a - b)
      .slice(0, 3)
      .join(", ")})`;
  return `${say(first)}, and ${say(second)}`;
}
