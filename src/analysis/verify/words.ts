/** A verification in words. Numbers here are rounded for reading; the exact ones travel beside. */
import { fromWire, type WireNumber } from "../../model/number.ts";
import type { Comparison, Verification } from "../../model/verification.ts";
import { smallShare } from "./compare-metric.ts";
import { leastRuns } from "./few-runs.ts";

type Stated = Omit<Verification, "statement" | "reasons">;

interface Known {
  /** How many seeds each side has; copies of a run do not count. */
  readonly seeds: { readonly before: number; readonly after: number };
  /** Why the sides are not of one experiment. */
  readonly other: string | undefined;
  /** No fault of before is left, and the metric is none in which they show. */
  readonly isBeside: boolean;
}

export function statementOf(verification: Stated, known: Known): Pick<Verification, "statement" | "reasons"> {
  return { statement: sentence(verification, known), reasons: reasonsOf(verification) };
}

function sentence(
  { verdict, comparison, before, after, faults, guards }: Stated,
  { seeds, other, isBeside }: Known,
): string {
  if (other !== undefined) return `Not shown: the runs are not of the same experiment; ${other}.`;
  if (comparison === null)
    return "Not shown: the runs have no metric in common that could tell. Name one with --metric.";
  const what = differenceText(comparison);
  if (verdict === "helped") return `Helped: ${what}${reservation(faults, guards)}.`;
  if (verdict === "did-not-help") {
    if (comparison.state === "worse") return `Did not help: ${what}, which is worse${goneText(faults)}.`;
    const stays = faults.find(({ state }) => state === "still-there");
    if (stays !== undefined) return `Did not help: "${stays.title}" is still there in every run; ${what}.`;
    return `Did not help: ${what}, less than ${smallShare * 100} % of what it was${goneText(faults)}.`;
  }
  if (comparison.state === "too-few") {
    const few = Math.min(seeds.before, seeds.after);
    if (few < leastRuns) {
      const isOneRun = (seeds.after === 1 ? after : before).filter(({ value }) => value !== null).length <= 1;
      const runs =
        few > 1
          ? `${few} seeds a side`
          : isOneRun
            ? seeds.after === 1
              ? "one rerun"
              : "one run before the change"
            : "one seed";
      return `Not shown: ${runs} cannot tell a change from the luck of the seed; ${what}.`;
    }
    return `Not shown: fewer than ${leastRuns} runs a side have ${comparison.metric}.`;
  }
  if (isBeside)
    return `Not shown: ${what}. The fault does not show in that metric${goneText(faults)}. Name one that matters with --metric.`;
  return `Not shown: ${what}, which may be chance${goneText(faults)}.`;
}

/** Some faults are none of the metric: what is logged, how fast it goes. */
function goneText(faults: Stated["faults"]): string {
  const gone = faults.find(({ state, before }) => state === "gone" && before.found === before.of);
  return gone === undefined ? "" : `, though "${gone.title}" is gone`;
}

function reservation(faults: Stated["faults"], guards: Stated["guards"]): string {
  const fault = faults.find(({ state }) => state !== "gone");
  const worse = guards.find(({ state }) => state === "worse");
  return [
    fault === undefined || fault.state === "not-checked"
      ? ""
      : `"${fault.title}" is ${fault.state === "new" ? "new" : "still there"} in ${fault.after.found} of ${fault.after.of}`,
    worse === undefined ? "" : `${worse.metric} got worse`,
  ]
    .filter((text) => text !== "")
    .map((text, i) => `${i === 0 ? ", but " : " and "}${text}`)
    .join("");
}

/** "eval_loss -0.21 [-0.25, -0.17], 3 seeds". */
export function differenceText({ metric, difference, low, high, design, n }: Comparison): string {
  const interval = low === null || high === null ? "" : ` [${signed(low)}, ${signed(high)}]`;
  const noun = design === "unpaired" ? `run${n === 1 ? "" : "s"} a side` : `seed${n === 1 ? "" : "s"}`;
  return `${metric} ${signed(difference)}${interval}, ${n} ${noun}`;
}

function reasonsOf({ comparison, faults, guards, otherChanges, applied, code, before, after }: Stated): string[] {
  const reasons: string[] = [];
  if (comparison !== null) {
    const { metric, step, design, n, p } = comparison;
    const place = step === null ? "each at its end" : `at step ${step}`;
    const way =
      design === "paired"
        ? `${n} pairs of the same seed, ${comparison.level * 100} % interval of Student's t`
        : design === "unpaired"
          ? `seeds do not match, ${comparison.level * 100} % interval of Welch's t`
          : "";
    reasons.push(
      `${metric} ${place}: ${numberText(comparison.before.mean)} before, ${numberText(comparison.after.mean)} after${way === "" ? "" : ` (${way}${p === null ? "" : `, exact permutation p ${numberText(p)}`})`}.`,
    );
  }
  for (const { name, note } of [...before, ...after]) if (note !== null) reasons.push(`${name}: ${note}.`);
  for (const { title, state, after: a } of faults) {
    if (state === "gone") reasons.push(`"${title}" is gone in ${a.of === 1 ? "the run" : `all ${a.of} runs`} after.`);
    if (state === "still-there" || state === "in-some")
      reasons.push(`"${title}" is still there in ${a.found} of ${a.of} runs after.`);
    if (state === "new") reasons.push(`"${title}" is new in ${a.found} of ${a.of} runs after.`);
    if (state === "not-checked") reasons.push(`"${title}" could not be checked in the runs after.`);
  }
  const worse = guards.filter(({ state }) => state === "worse");
  if (guards.length > 0)
    reasons.push(
      worse.length === 0
        ? `Nothing else got worse, of ${guards.map(({ metric }) => metric).join(", ")}.`
        : `Got worse: ${worse.map(differenceText).join("; ")}.`,
    );
  const followed = applied.filter(({ state }) => state === "applied" || state === "partly");
  if (followed.length === 0 && applied.some(({ state }) => state !== "unknown"))
    reasons.push("No advice of the runs before was recognised in the runs after.");
  if (otherChanges.length > 0)
    reasons.push(
      `Also changed, and perhaps the cause: ${otherChanges
        .slice(0, 8)
        .map(({ key, from, to }) => `${key} ${String(from)} to ${String(to)}`)
        .join(", ")}${otherChanges.length > 8 ? ` and ${otherChanges.length - 8} more` : ""}.`,
    );
  if (code.state === "changed") reasons.push(code.note);
  return reasons;
}

export function numberText(value: WireNumber): string {
  const number = fromWire(value) ?? Number.NaN;
  if (!Number.isFinite(number)) return String(value);
  return number === 0 || (Math.abs(number) >= 1e-4 && Math.abs(number) < 1e7)
    ? String(Number(number.toPrecision(3)))
    : number.toExponential(2);
}

const signed = (value: WireNumber): string => {
  const text = numberText(value);
  return text.startsWith("-") || text === "0" || text === "NaN" ? text : `+${text}`;
};
