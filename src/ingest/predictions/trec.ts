/** Qrels and runs as trec_eval reads them: fields between white space, the rank of a run is not looked at. */
import { compareCodePoints } from "../../base/code-points.ts";
import type { RankedItem, RankedQuery, Rankings } from "../../model/ranking.ts";
import type { Rejected } from "./rejected.ts";

interface Rows {
  readonly byQuery: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly rejected: readonly Rejected[];
}

const space = /[ \t]+/;

/** `numberAt`: which field holds the number; the item is the third in both kinds of file. */
function readRows(
  text: string,
  { fields, numberAt }: { readonly fields: readonly number[]; readonly numberAt: number },
): Rows {
  const byQuery = new Map<string, Map<string, number>>();
  const rejected: Rejected[] = [];
  text.split("\n").forEach((line, index) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return;
    const parts = trimmed.split(space);
    const [query = "", , item = ""] = parts;
    const value = Number(parts[numberAt]);
    const place = index + 1;
    if (!fields.includes(parts.length)) {
      rejected.push({ place, reason: `${parts.length} fields instead of ${fields.join(" or ")}` });
      return;
    }
    if (Number.isNaN(value)) {
      rejected.push({ place, reason: `"${parts[numberAt]}" is no number` });
      return;
    }
    const items = byQuery.get(query) ?? new Map<string, number>();
    byQuery.set(query, items);
    if (items.has(item)) rejected.push({ place, reason: `${item} stands twice in query ${query}` });
    else items.set(item, value);
  });
  return { byQuery, rejected };
}

/** `query iteration item gain` */
export const readQrels = (text: string): Rows => readRows(text, { fields: [4], numberAt: 3 });

/** `query Q0 item rank score tag` */
export const readRun = (text: string): Rows => readRows(text, { fields: [5, 6], numberAt: 4 });

/** Highest score first, of equal ones the later docno; what else trec_eval does depends on this order. */
const byScore = (a: RankedItem, b: RankedItem): number =>
  a.score === b.score ? compareCodePoints(b.item, a.item) : b.score - a.score;

/** The judged queries; those that only the run has are not judged, and trec_eval does not look at them either. */
export function trecRankings(qrels: Rows["byQuery"], run: Rows["byQuery"]): Rankings {
  const units = [...qrels].map(([id, judged]): RankedQuery => {
    const ranked = [...(run.get(id) ?? [])].map(([item, score]) => ({ item, score })).toSorted(byScore);
    return { id, group: null, attributes: new Map(), judged, ranked };
  });
  return { units, protocol: "ties:docno descending|relevant:gain above 0", catalogue: null, training: null };
}
