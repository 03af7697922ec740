import type { RunSummary } from "../../api/runs.ts";

/** One condition of the search box; `key` undefined means any field. */
interface Term {
  readonly key: Key | undefined;
  readonly text: string;
  readonly negated: boolean;
}

const keys = ["status", "project", "name", "tag", "verdict", "kind", "source", "id"] as const;
type Key = (typeof keys)[number];
export const filterKeys: readonly string[] = keys;

/**
 * `translate status:running -project:old tag:"two words"`: every term must hold, `-` turns one round.
 * A word before a colon that is no key is plain text, so that names with colons can be searched.
 */
export function parseRunFilter(text: string): readonly Term[] {
  const pattern = /(-?)(?:([a-z]+):(?:"([^"]*)"?|(\S*))|"([^"]*)"?|(\S+))/gi;
  return [...text.matchAll(pattern)].flatMap(([whole, minus, name, keyQuoted, keyPlain, quoted, plain]) => {
    const key = keys.find((k) => k === name?.toLowerCase());
    if (key === undefined && name !== undefined) return [{ key, text: whole.toLowerCase(), negated: false }];
    const value = (keyQuoted ?? keyPlain ?? quoted ?? plain ?? "").toLowerCase();
    // A key without a value is one that is still being typed.
    return value === "" ? [] : [{ key, text: value, negated: minus === "-" }];
  });
}

export function matchesRunFilter(run: RunSummary, terms: readonly Term[]): boolean {
  return terms.every(({ key, text, negated }) => {
    // Plain text finds a status only as a whole word: "run" should not find everything that is running.
    const found =
      valuesOf(run, key).some((value) => value.toLowerCase().includes(text)) ||
      (key === undefined && run.status === text);
    return found !== negated;
  });
}

function valuesOf(run: RunSummary, key: Key | undefined): readonly string[] {
  switch (key) {
    case "status":
      return [run.status];
    case "project":
      return [run.project];
    case "name":
      return [run.name];
    case "tag":
      return run.tags;
    case "verdict":
      return [run.verdict ?? "none"];
    case "kind":
      return [run.kind];
    case "source":
      return [run.source];
    case "id":
      return [run.id];
    case undefined:
      return [run.name, run.project, run.id, run.headline ?? "", ...run.tags];
  }
}
