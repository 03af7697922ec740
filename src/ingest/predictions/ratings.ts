/** Rating tables: what users did in training and in the test, and the scores that a model gave to items. */
import { compareCodePoints } from "../../base/code-points.ts";
import type { RankedItem, RankedQuery, Rankings, TrainingInteractions } from "../../model/ranking.ts";
import type { Rejected } from "./rejected.ts";

/** One line of a table: the value is a rating or a score, 1 where the table has none. */
export interface Rating {
  readonly user: string;
  readonly item: string;
  readonly value: number;
  /** As the table has it; NaN where it has none. */
  readonly time: number;
}

export interface RatingTable {
  readonly rows: readonly Rating[];
  readonly rejected: readonly Rejected[];
}

const names = {
  user: ["user", "user_id", "userid", "uid", "user_id:token"],
  item: ["item", "item_id", "itemid", "iid", "movie_id", "movieid", "product_id", "item_id:token"],
  value: ["rating", "score", "value", "prediction", "rating:float"],
  time: ["time", "timestamp", "timestamp:float"],
};

/** Separated by commas, tabs, semicolons or `::`; without a header the columns are user, item, value, time. */
export function readRatings(text: string): RatingTable {
  const lines = text.split(/\r?\n/);
  const head = lines[0] ?? "";
  const separator = ["\t", "::", ";", ","].find((each) => head.includes(each)) ?? ",";
  const fieldsOf = (line: string): readonly string[] =>
    line.split(separator).map((field) => field.trim().replace(/^"(?<inner>.*)"$/, "$<inner>"));
  const header = fieldsOf(head).map((name) => name.toLowerCase());
  const place = (of: keyof typeof names): number => header.findIndex((name) => names[of].includes(name));
  const hasHeader = place("user") !== -1 && place("item") !== -1;
  const at = hasHeader
    ? { user: place("user"), item: place("item"), value: place("value"), time: place("time") }
    : { user: 0, item: 1, value: 2, time: 3 };
  const rows: Rating[] = [];
  const rejected: Rejected[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "" || (hasHeader && index === 0)) continue;
    const fields = fieldsOf(line);
    const [user = "", item = ""] = [fields[at.user], fields[at.item]];
    const given = fields[at.value];
    const value = given === undefined || given === "" ? 1 : Number(given);
    if (user === "" || item === "") rejected.push({ place: index + 1, reason: "no user or no item" });
    else if (Number.isNaN(value)) rejected.push({ place: index + 1, reason: `"${given}" is no number` });
    else rows.push({ user, item, value, time: Number(fields[at.time] ?? Number.NaN) });
  }
  return { rows, rejected };
}

export interface RatingTables {
  /** What users chose in the test. */
  readonly test: readonly Rating[];
  /** Scores of a model, of each user for all items it can recommend. */
  readonly scores: readonly Rating[];
  /** What users had before: it is taken out of their lists. Null: not known. */
  readonly training: readonly Rating[] | null;
  /** Test items rated lower are not relevant. */
  readonly relevantFrom: number;
}

/**
 * Full ranking: each user with a test item, over all scored items that the user had not had. Gains are binary: the
 * rating itself would reward a recommender for raters that give high grades.
 */
export function ratingRankings({ test, scores, training, relevantFrom }: RatingTables): Rankings {
  const seen = itemsByUser(training ?? []);
  const scored = new Map<string, RankedItem[]>();
  for (const { user, item, value } of scores) {
    if (seen.get(user)?.has(item) === true) continue;
    const list = scored.get(user);
    if (list === undefined) scored.set(user, [{ item, score: value }]);
    else list.push({ item, score: value });
  }
  const units = [...itemsByUser(test.filter(({ value }) => value >= relevantFrom))].map(([id, items]): RankedQuery => ({
    id,
    group: null,
    attributes: new Map(),
    judged: new Map([...items].map((item) => [item, 1])),
    ranked: (scored.get(id) ?? []).toSorted((a, b) =>
      a.score === b.score ? compareItems(a.item, b.item) : b.score - a.score,
    ),
  }));
  const catalogue = new Set([...test, ...scores, ...(training ?? [])].map(({ item }) => item));
  const excluded = training === null ? "seen:not known" : "seen:left out";
  const protocol = `ranking:full|${excluded}|gain:binary from ${relevantFrom}|ties:smaller item first`;
  return { units, protocol, catalogue, training: training === null ? null : interactionsOf(training) };
}

/** Item numbers by size, other names by code points. */
function compareItems(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  return Number.isNaN(difference) || difference === 0 ? compareCodePoints(a, b) : difference;
}

function itemsByUser(rows: readonly Rating[]): ReadonlyMap<string, ReadonlySet<string>> {
  const items = new Map<string, Set<string>>();
  for (const { user, item } of rows) {
    const own = items.get(user);
    if (own === undefined) items.set(user, new Set([item]));
    else own.add(item);
  }
  return items;
}

function interactionsOf(training: readonly Rating[]): TrainingInteractions {
  const usersOfItem = new Map<string, number>();
  const byUser = itemsByUser(training);
  for (const items of byUser.values())
    for (const item of items) usersOfItem.set(item, (usersOfItem.get(item) ?? 0) + 1);
  return { usersOfItem, users: byUser.size };
}
