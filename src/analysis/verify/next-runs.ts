/** Which runs are missing for an answer, and the commands that make them. */
import type { Verification } from "../../model/verification.ts";
import { isSeed } from "./bookkeeping.ts";
import type { MetricComparison } from "./compare-metric.ts";
import { leastRuns } from "./few-runs.ts";
import type { Seeded } from "./judged-run.ts";

export function missingRuns(
  before: readonly Seeded[],
  after: readonly Seeded[],
  comparison: MetricComparison | undefined,
  settingsDiffer: boolean,
): Verification["next"] {
  if (comparison !== undefined && comparison.difference.interval !== null) return [];
  const seeds = (runs: readonly Seeded[]): (number | string)[] => [...new Set(runs.flatMap(({ seed }) => seed ?? []))];
  const wanted = wantedSeeds(seeds(before), seeds(after));
  // The same command on both sides, and other settings: it does not say what makes the difference.
  const commands = [before, after].map((runs) => runs[0]?.run.command ?? []);
  const [from = "", to = ""] = commands.map((command) => withSeed(command, 0));
  const isWhole = !settingsDiffer || from !== to;
  const missing = (side: "before" | "after", runs: readonly Seeded[]): Verification["next"] => {
    const present = new Set(seeds(runs).map(String));
    // Without recorded seeds only the number of runs can be told.
    const lacking =
      present.size === 0 ? wanted.slice(runs.length) : wanted.filter((seed) => !present.has(String(seed)));
    const command = runs[0]?.run.command;
    return lacking.map((seed) => ({
      side,
      seed,
      command: command === undefined || command.length === 0 || !isWhole ? null : withSeed(command, seed),
    }));
  };
  return [...missing("before", before), ...missing("after", after)];
}

/** Seeds of both sides first, then those of one, then 1, 2, 3 ... until there are enough. */
function wantedSeeds(before: readonly (number | string)[], after: readonly (number | string)[]): (number | string)[] {
  const own = new Set([...after, ...before].map(String));
  const both = before.filter((seed) => after.some((other) => String(other) === String(seed)));
  const wanted = new Map([...both, ...after, ...before].map((seed) => [String(seed), seed]));
  const list = [...wanted.values()].slice(0, Math.max(leastRuns, both.length));
  for (let seed = 1; list.length < leastRuns; seed++) if (!own.has(String(seed))) list.push(seed);
  return list;
}

/** Where a run writes: the next one must not overwrite it. */
const isOutput = (word: string): boolean =>
  /^-*(output|out|save|log|logging|run|exp\w*|checkpoint)[-_]?(dir|path|name|folder)$/.test(word);

/** The command with its seed replaced or added; words that a shell would split are quoted. */
export function withSeed(command: readonly string[], seed: number | string): string {
  const words = command.map((word, i) => {
    const [name = "", value] = word.split("=", 2);
    if (value !== undefined && isOutput(name)) return `${name}=${placeOf(value, seed)}`;
    return isOutput(command[i - 1] ?? "") ? placeOf(word, seed) : word;
  });
  let isSet = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const [name, value] = word.split("=", 2);
    if (name === undefined || !isSeed(name)) continue;
    if (value !== undefined) words[i] = `${name}=${seed}`;
    else if (word.startsWith("-") && i + 1 < words.length) words[i + 1] = String(seed);
    else continue;
    isSet = true;
  }
  if (!isSet) words.push("--seed", String(seed));
  return words.map(quoted).join(" ");
}

const placeOf = (place: string, seed: number | string): string =>
  /seed[-_]?\d+/.test(place) ? place.replace(/(seed[-_]?)\d+/, `$1${seed}`) : `${place.replace(/\/$/, "")}-seed${seed}`;

const quoted = (word: string): string =>
  /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
