/**
 * Recognises in a later run which advice was applied: from the settings of both runs, from what the
 * runs logged where a setting was not recorded, and from the lines of code that changed.
 */
import type { FlatConfig, Scalar } from "../../model/config.ts";
import type { Advice, Change } from "../../model/finding.ts";
import { fromWire } from "../../model/number.ts";
import type { AppliedAdvice, ChangeState, CodeChange, ObservedChange, OtherChange } from "../../model/verification.ts";
import type { Environment } from "../../model/run.ts";
import { spellingsOfKey } from "./spellings.ts";
import { addedLines, changedFiles } from "./code-diff.ts";
import { isBookkeeping, isSeed } from "./bookkeeping.ts";

/** What recognition needs of a run. `peakRate`: the largest learning rate that it logged. */
export interface Configured {
  readonly config: FlatConfig;
  readonly environment?: Environment | undefined;
  readonly peakRate?: number | undefined;
}

/** Within this factor of the advised value the advice counts as followed to the letter: people round. */
const nearFactor = 1.25;
/** A number has to move by at least this share towards the advice, to count as its direction. */
const leastMove = 0.1;

export function appliedAdvice(
  rule: string,
  advice: Advice,
  before: Configured,
  after: Configured,
): AppliedAdvice & { readonly keys: ReadonlySet<string> } {
  const keys = new Set<string>();
  const changes = advice.changes.map((change) => observe(change, advice.dialect, { before, after }, keys));
  const states = changes.map(({ state }) => state);
  const state: ChangeState =
    states.length === 0
      ? snippetState(advice, before, after)
      : states.every((one) => one === "applied")
        ? "applied"
        : states.some((one) => one === "applied" || one === "partly")
          ? "partly"
          : states.every((one) => one === "unknown")
            ? "unknown"
            : "not-applied";
  return { rule, advice: advice.id, summary: advice.summary, state, changes, keys };
}

/** `keys` collects the spellings under which the setting was found: they are no other changes. */
function observe(
  change: Change,
  dialect: string | null,
  { before, after }: { readonly before: Configured; readonly after: Configured },
  keys: Set<string>,
): ObservedChange {
  const spellings = spellingsOfKey(change.key, dialect);
  const earlier = find(before.config, spellings);
  const later = find(after.config, spellings);
  for (const found of [earlier, later]) if (found !== undefined) keys.add(found.key);
  const observed = (
    was: Scalar,
    now: Scalar,
    state: ChangeState,
    seenIn: ObservedChange["seenIn"],
  ): ObservedChange => ({
    key: change.key,
    to: change.to,
    was,
    now,
    state,
    seenIn,
  });
  if (earlier !== undefined || later !== undefined) {
    // A ratio and a number of steps are the same setting in other units: only the direction can be compared.
    const isOtherUnit = [earlier, later].some((f) => f !== undefined && isRatio(f.key) !== isRatio(change.key));
    const was = earlier?.value ?? null;
    const now = later?.value ?? null;
    const state = stateOf(change, was ?? change.from, now, isOtherUnit);
    if (state !== "not-applied" || same(was, now) === false) return observed(was, now, state, "configuration");
  }
  if (spellings.includes("learning_rate") && before.peakRate !== undefined && after.peakRate !== undefined) {
    const state = stateOf(change, before.peakRate, after.peakRate, false);
    if (later === undefined) return observed(before.peakRate, after.peakRate, state, "metrics");
  }
  const written = writtenInCode(spellings, before, after);
  if (written !== undefined)
    return observed(earlier?.value ?? change.from, written, stateOf(change, change.from, written, false), "code");
  if (earlier === undefined && later === undefined)
    return observed(change.from, null, hasSettings(after) ? "not-applied" : "unknown", null);
  return observed(earlier?.value ?? null, later?.value ?? null, "not-applied", "configuration");
}

const isRatio = (key: string): boolean => key.endsWith("ratio");
const hasSettings = ({ config }: Configured): boolean => Object.keys(config).length > 0;

function stateOf({ to }: Change, was: Scalar, now: Scalar, isOtherUnit: boolean): ChangeState {
  if (same(was, now)) return "not-applied";
  if (to === null) return now === null ? "applied" : "not-applied";
  if (now === null) return "not-applied";
  const target = numberOf(to);
  const value = numberOf(now);
  if (target === undefined) {
    if (same(to, now)) return "applied";
    // Advice in words ("the last checkpoint before step 240") is followed by any new value.
    return typeof to === "string" && to.includes(" ") ? "applied" : "not-applied";
  }
  if (value === undefined) return "not-applied";
  const start = numberOf(was) ?? 0;
  if (!isOtherUnit && isNear(value, target)) return "applied";
  if (isOtherUnit) return value !== start && value > start === target > start ? "partly" : "not-applied";
  const way = target - start;
  return way !== 0 && (value - start) / way >= leastMove ? "partly" : "not-applied";
}

const isNear = (value: number, target: number): boolean =>
  value === target ||
  (value !== 0 &&
    target !== 0 &&
    value > 0 === target > 0 &&
    Math.abs(Math.log(value / target)) <= Math.log(nearFactor));

function same(a: Scalar, b: Scalar): boolean {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return Object.is(x, y);
  return text(a) === text(b);
}

const text = (value: Scalar): string => (value === null ? "null" : String(value).trim().toLowerCase());

function numberOf(value: Scalar): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const parsed = fromWire(value) ?? Number(value);
  return Number.isNaN(parsed) ? undefined : parsed;
}

interface Found {
  readonly key: string;
  readonly value: Scalar;
}

/** The first spelling that is set, whole or as the end of a dotted key; `-` and `_` are the same. */
function find(config: FlatConfig, spellings: readonly string[]): Found | undefined {
  const entries = Object.entries(config).map(([key, value]) => ({ key, value, plain: plainKey(key) }));
  for (const spelling of spellings) {
    const exact = entries.find(({ plain, value }) => plain === spelling && value !== null);
    const found = exact ?? entries.find(({ plain, value }) => value !== null && plain.endsWith(`.${spelling}`));
    if (found !== undefined) return { key: found.key, value: found.value };
  }
  return undefined;
}

const plainKey = (key: string): string => key.replace(/^-+/, "").replaceAll("-", "_");

/** A value that the changed code now gives the setting: `learning_rate=3e-5`, `"lr": 3e-5`, `lr: 3e-5`. */
function writtenInCode(spellings: readonly string[], before: Configured, after: Configured): Scalar | undefined {
  const known = new Set(addedLines(before.environment?.gitDiff));
  const fresh = addedLines(after.environment?.gitDiff).filter((line) => !known.has(line));
  for (const spelling of spellings) {
    // Only names that stand for themselves: `lr` inside a word says nothing.
    const name = spelling.slice(spelling.lastIndexOf(".") + 1).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(`(?:^|[\\s({,."'-])${name}["']?\\s*[=: ]\\s*["']?([-+\\w.]+)`);
    for (const line of fresh) {
      const [, written] = pattern.exec(line) ?? [];
      if (written !== undefined) return scalarOf(written);
    }
  }
  return undefined;
}

function scalarOf(written: string): Scalar {
  if (/^true$/i.test(written)) return true;
  if (/^false$/i.test(written)) return false;
  if (/^(none|null)$/i.test(written)) return null;
  const number = Number(written);
  return Number.isFinite(number) ? number : written;
}

/** Structure advice was followed when code came in that names what its snippet names. */
function snippetState(advice: Advice, before: Configured, after: Configured): ChangeState {
  if (advice.snippet === undefined) return "unknown";
  const code = codeChange(before.environment, after.environment);
  if (code.state === "same") return "not-applied";
  const known = new Set(addedLines(before.environment?.gitDiff));
  const fresh = addedLines(after.environment?.gitDiff)
    .filter((line) => !known.has(line))
    .join("\n");
  if (fresh === "") return "unknown";
  // Names of classes and settings, not words: they have a capital or an underscore inside.
  const names = new Set(advice.snippet.text.match(/\b[A-Za-z]+(?:[A-Z_][a-z0-9]+)+\w*\b/g) ?? []);
  const used = [...names].filter((name) => new RegExp(`\\b${name}\\b`).test(fresh)).length;
  if (used === 0) return "not-applied";
  return used >= names.size / 2 ? "applied" : "partly";
}

/** Keys that differ and that no recognised advice explains; bookkeeping and the seed left out. */
export function otherChanges(before: FlatConfig, after: FlatConfig, explained: ReadonlySet<string>): OtherChange[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changes: OtherChange[] = [];
  for (const key of names) {
    const from = Object.hasOwn(before, key) ? (before[key] ?? null) : null;
    const to = Object.hasOwn(after, key) ? (after[key] ?? null) : null;
    if (explained.has(key) || isBookkeeping(key) || isSeed(key) || same(from, to)) continue;
    changes.push({ key, from, to });
  }
  return changes.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Whether both ran the same code, as far as git tells. */
export function codeChange(before: Environment | undefined, after: Environment | undefined): CodeChange {
  const [from, to] = [before?.gitCommit, after?.gitCommit];
  if (from === undefined || to === undefined)
    return { state: "unknown", note: "The commit of the code was not recorded for both.", files: [] };
  if (from !== to) {
    return {
      state: "changed",
      note: `The code went from commit ${from.slice(0, 10)} to ${to.slice(0, 10)}.`,
      files: [],
    };
  }
  const [old, now] = [before?.gitDiff ?? "", after?.gitDiff ?? ""];
  if (old === now) return { state: "same", note: `The same code, commit ${from.slice(0, 10)}.`, files: [] };
  const files = changedFiles(old, now);
  return {
    state: "changed",
    note: `Uncommitted changes differ${files.length === 0 ? "" : ` in ${files.slice(0, 5).join(", ")}${files.length > 5 ? " ..." : ""}`}.`,
    files,
  };
}
