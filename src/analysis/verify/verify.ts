/**
 * Did a change help? Compares the runs before with the runs after it, and says so only when several
 * seeds agree. Every path to "helped" needs three runs a side; see docs/verify.md.
 */
import { mean } from "../../base/statistics.ts";
import type { FlatConfig } from "../../model/config.ts";
import type { Severity } from "../../model/finding.ts";
import { toWire } from "../../model/number.ts";
import type { AppliedAdvice, ComparedRun, FaultChange, Verdict, Verification } from "../../model/verification.ts";
import type { RunData } from "../run-data.ts";
import { learningRate } from "../signals.ts";
import { appliedAdvice, codeChange, otherChanges, type Configured } from "./applied.ts";
import { isSeed } from "./bookkeeping.ts";
import { chooseMetric, guardsOf } from "./choose-metric.ts";
import { compareMetric, type MetricComparison } from "./compare-metric.ts";
import { countSeeds, withoutCopies, type Copy } from "./distinct-runs.ts";
import { leastRuns } from "./few-runs.ts";
import { metricOf, type Better } from "./metric.ts";
import type { JudgedRun, Seeded } from "./judged-run.ts";
import { missingRuns } from "./next-runs.ts";
import { otherExperiment } from "./same-experiment.ts";
import { isBesideFault, mainFaults } from "./touched.ts";
import { statementOf } from "./words.ts";

export interface VerifyOptions {
  /** Id of the series that decides; chosen from the faults and what is logged when absent. */
  readonly metric?: string | undefined;
  readonly better?: Better | undefined;
  /** Compare at this step, or at each run's `end`; by default at the last step that all runs reached. */
  readonly at?: number | "end" | undefined;
}

export function verifyRuns(
  givenBefore: readonly JudgedRun[],
  givenAfter: readonly JudgedRun[],
  options: VerifyOptions = {},
): Verification {
  const distinct = {
    before: withoutCopies(givenBefore.map(seeded)),
    after: withoutCopies(givenAfter.map(seeded)),
  };
  const sides = { before: distinct.before.own, after: distinct.after.own };
  const before = sides.before.map(({ run }) => run);
  const after = sides.after.map(({ run }) => run);
  const faults = faultChanges(before, after);
  const other = otherExperiment(before[0], after[0]);
  const { applied, keys } = other === undefined ? recognise(before, after) : { applied: [], keys: new Set<string>() };
  const metric =
    options.metric === undefined
      ? chooseMetric(
          { before, after },
          mainFaults(faults).map(({ rule }) => rule),
          options.better,
        )
      : metricOf(options.metric, options.better);
  // Advice that shortens a run cannot be judged at the step where the shortest ends.
  const shortens = applied.some(
    ({ state, changes }) =>
      state !== "not-applied" &&
      changes.some(({ key }) => /early_stopping|keep_best|best_model|max_steps|epochs|patience/i.test(key)),
  );
  // A run that stalled is judged by how far it came: where it stopped, all was as it should be.
  const stalled = before.some(({ report }) => report.findings.some(({ rule }) => rule === "stalled-run"));
  const at = options.at ?? (shortens || stalled ? "end" : undefined);
  const comparison = metric === undefined ? undefined : compareMetric(sides.before, sides.after, metric, at);
  const guards = guardsOf({ before, after }, metric)
    .map((guard) => compareMetric(sides.before, sides.after, guard, at))
    .filter((guard) => guard.state !== "too-few");
  const code = codeChange(before[0]?.environment, after[0]?.environment);
  const others = otherChanges(configOf(before[0]), configOf(after[0]), keys);
  const seeds = { before: countSeeds(sides.before), after: countSeeds(sides.after) };
  const judged = verdictOf(comparison, faults, seeds.before, seeds.after);
  // A metric that was asked for by name is what the user wants to know about.
  const isBeside =
    judged === "did-not-help" &&
    options.metric === undefined &&
    comparison !== undefined &&
    isBesideFault(faults, comparison.metric);
  const verdict = other === undefined && !isBeside ? judged : "not-shown";
  const differs = others.length > 0 || applied.some(({ changes }) => changes.some(({ was, now }) => was !== now));
  const next = other === undefined ? missingRuns(sides.before, sides.after, comparison, differs) : [];
  const verification: Omit<Verification, "statement" | "reasons"> = {
    schema: "llmdbg.verification/1",
    verdict,
    comparison: comparison === undefined ? null : published(comparison),
    before: [...listed(sides.before, comparison?.beforeValues), ...distinct.before.copies.map(listedCopy)],
    after: [...listed(sides.after, comparison?.afterValues), ...distinct.after.copies.map(listedCopy)],
    faults,
    applied,
    otherChanges: others,
    code,
    guards: guards.map(published),
    next,
  };
  return {
    ...verification,
    ...statementOf(verification, { seeds, other, isBeside }),
  };
}

function verdictOf(
  comparison: MetricComparison | undefined,
  faults: readonly FaultChange[],
  before: number,
  after: number,
): Verdict {
  if (comparison?.state === "better") return "helped";
  if (comparison?.state === "worse") return "did-not-help";
  const hasEnough = before >= leastRuns && after >= leastRuns;
  // What the advice was to remove is there in every run as before, and no metric says that it helped.
  const stays = faults.some(
    ({ state, before: b, after: a }) => state === "still-there" && b.found === b.of && a.found === a.of,
  );
  if (hasEnough && stays) return "did-not-help";
  if (comparison?.isSmall === true) return "did-not-help";
  return "not-shown";
}

const seeded = (run: JudgedRun): Seeded => ({ run, seed: seedOf(run.data.config) });

/** The seed as configured; the shortest key first, so that `seed` wins over `data.sampler.seed`. */
export function seedOf(config: ReadonlyMap<string, FlatConfig[string]>): number | string | null {
  const keys = [...config.keys()].filter(isSeed).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  for (const key of keys) {
    const value = config.get(key);
    if (typeof value === "number" || (typeof value === "string" && value !== "")) return value;
  }
  return null;
}

const grave: readonly Severity[] = ["error", "warning"];

/** Each fault with the number of runs that have it, before and after; the gravest first. */
function faultChanges(before: readonly JudgedRun[], after: readonly JudgedRun[]): FaultChange[] {
  const seen = new Map<string, { title: string; severity: Severity }>();
  for (const { report } of [...before, ...after])
    for (const { rule, title, severity } of report.findings)
      if (grave.includes(severity) && !seen.has(rule)) seen.set(rule, { title, severity });
  const has = (rule: string) => (run: JudgedRun) => run.report.findings.some((finding) => finding.rule === rule);
  const changes = [...seen].map(([rule, { title, severity }]): FaultChange => {
    const from = before.filter(has(rule)).length;
    const to = after.filter(has(rule)).length;
    const isChecked = after.every(({ report }) => !report.notApplicable.some((one) => one.rule === rule));
    return {
      rule,
      title,
      severity,
      before: { found: from, of: before.length },
      after: { found: to, of: after.length },
      state:
        from === 0
          ? "new"
          : to === 0
            ? isChecked
              ? "gone"
              : "not-checked"
            : to === after.length
              ? "still-there"
              : "in-some",
    };
  });
  const order = (change: FaultChange): number => grave.indexOf(change.severity) + (change.state === "new" ? 10 : 0);
  return changes.sort((a, b) => order(a) - order(b) || b.before.found - a.before.found);
}

/** Advice of the runs before, as it is in force in the first run after. */
export function recognise(
  before: readonly JudgedRun[],
  after: readonly JudgedRun[],
): { applied: AppliedAdvice[]; keys: Set<string> } {
  const [from] = before;
  const [to] = after;
  const keys = new Set<string>();
  if (from === undefined || to === undefined) return { applied: [], keys };
  const known = new Set<string>();
  const applied: AppliedAdvice[] = [];
  for (const { report } of before)
    for (const { rule, advice } of report.findings)
      for (const one of advice) {
        if (known.has(`${rule} ${one.id}`)) continue;
        known.add(`${rule} ${one.id}`);
        const { keys: found, ...seen } = appliedAdvice(rule, one, configured(from), configured(to));
        applied.push(seen);
        if (seen.state === "applied" || seen.state === "partly") for (const key of found) keys.add(key);
      }
  return { applied, keys };
}

const configured = (run: JudgedRun): Configured => ({
  config: configOf(run),
  environment: run.environment,
  peakRate: peakRateOf(run.data),
});

const configOf = (run: JudgedRun | undefined): FlatConfig => Object.fromEntries(run?.data.config ?? []);

function peakRateOf(data: RunData): number | undefined {
  let peak = Number.NEGATIVE_INFINITY;
  for (const series of data.series)
    if (learningRate.matches(series.name, series.labels))
      for (const value of series.value) if (value > peak) peak = value;
  return Number.isFinite(peak) ? peak : undefined;
}

function listed(runs: readonly Seeded[], values: MetricComparison["beforeValues"] | undefined): ComparedRun[] {
  return runs.map(({ run, seed }, i) => {
    const value = values?.[i];
    return {
      id: run.id,
      name: run.name,
      seed,
      value: value?.value === undefined ? null : toWire(value.value),
      note: value?.note ?? null,
    };
  });
}

const listedCopy = ({ copy: { run, seed }, of }: Copy): ComparedRun => ({
  id: run.id,
  name: run.name,
  seed,
  value: null,
  note: `the same points as ${of}, not counted`,
});

function published(comparison: MetricComparison): NonNullable<Verification["comparison"]> {
  const { metric, step, difference, floor, state, before, after } = comparison;
  return {
    metric: metric.series,
    better: metric.better,
    step,
    before: { n: before.length, mean: toWire(mean(before)) },
    after: { n: after.length, mean: toWire(mean(after)) },
    difference: toWire(difference.mean),
    low: difference.interval === null ? null : toWire(difference.interval[0]),
    high: difference.interval === null ? null : toWire(difference.interval[1]),
    level: comparison.level,
    design: difference.design,
    n: difference.n,
    p: difference.p,
    noiseFloor: toWire(floor),
    state,
  };
}
