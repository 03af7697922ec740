import { messageOf } from "../base/errors.ts";
import type { Finding } from "../model/finding.ts";
import type { Scalar } from "../model/config.ts";
import { toWire, type WireNumber } from "../model/number.ts";
import type { Standing } from "../model/standing.ts";
import type { Fact, Get, RunView } from "./fact.ts";
import { mergeSigns } from "./merge.ts";
import { mostOf } from "./missing.ts";
import { withSnippet } from "./patches/structure.ts";
import { standing } from "./standing/standing.ts";
import type { Explanation, FindingDraft, Needs, Rule, Sign } from "./rule.ts";
import type { RunData, SeriesData } from "./run-data.ts";
import type { Signal } from "./signals.ts";

/** What one rule said of one run. */
export type Outcome =
  | {
      readonly status: "checked";
      readonly rule: string;
      readonly findings: readonly Finding[];
      /** The rule whose finding took over findings of this one; the rule is then not clean either. */
      readonly mergedInto?: string;
    }
  | { readonly status: "not-applicable"; readonly rule: string; readonly missing: readonly string[] }
  | { readonly status: "failed"; readonly rule: string; readonly error: string };

export interface Diagnosis {
  readonly outcomes: readonly Outcome[];
  readonly explained: readonly Explanation[];
  /** Where the run stands among recorded healthy ones; empty when it has no data for it. */
  readonly standing: readonly Standing[];
  /** How many facts were derived anew; the rest came from memory. */
  readonly derived: number;
}

/** Reads the version of one input of a run; unequal to the noted one means that the input changed. */
type Version = () => unknown;
interface Noted {
  readonly version: Version;
  readonly seen: unknown;
}
interface Memo {
  readonly value: unknown;
  /** What it read of the run itself, and what the facts that it asked for said. */
  readonly inputs: readonly Noted[];
  readonly facts: ReadonlyMap<Fact<unknown>, unknown>;
}

/**
 * Diagnoses one run again and again while it grows.
 *
 * Why it exists: a live run of a thousand series is diagnosed on each batch. Each fact notes what it
 * read (a signal's series and their lengths, the configuration, the records, the clock) and which other facts
 * it asked; as long as none of that changed, its value is kept. What depends on a fact that was derived anew and
 * answered the same object is kept as well, and so is the outcome of a rule whose facts are all the same.
 */
export function createDiagnosis(run: RunData, rules: readonly Rule[], signs: readonly Sign[]): () => Diagnosis {
  const memos = new Map<Fact<unknown>, Memo>();
  const checked = new Map<Rule | Sign, { values: readonly unknown[]; outcome: unknown }>();
  const view = createView(run);
  return () => {
    const fresh = new Set<Fact<unknown>>();
    let derived = 0;
    const get = (fact: Fact<unknown>): unknown => {
      let memo = memos.get(fact);
      if (memo !== undefined && fresh.has(fact)) return memo.value;
      if (memo === undefined || !isCurrent(memo)) {
        const inputs: Noted[] = [];
        const facts = new Map<Fact<unknown>, unknown>();
        const noting: Get = <T>(inner: Fact<T>) => {
          const value = get(inner);
          facts.set(inner, value);
          return value as T | undefined;
        };
        const before = memo?.value;
        const now = fact.derive(view(inputs), noting);
        const isSame = before !== undefined && now !== undefined && fact.same?.(before, now) === true;
        memo = { value: isSame ? before : now, inputs, facts };
        memos.set(fact, memo);
        derived += 1;
      }
      fresh.add(fact);
      return memo.value;
    };
    const isCurrent = ({ inputs, facts }: Memo): boolean => {
      for (const noted of inputs) if (noted.version() !== noted.seen) return false;
      for (const [inner, value] of facts) if (!Object.is(get(inner), value)) return false;
      return true;
    };
    const apply = <R>(
      owner: Rule | Sign,
      needs: Needs,
      judge: (values: Record<string, unknown>) => R,
      absent: (missing: string[]) => R,
    ): R => {
      const names = Object.keys(needs);
      const values = names.map((name) => get(needs[name] as Fact<unknown>));
      const before = checked.get(owner);
      if (before !== undefined && values.every((value, i) => Object.is(value, before.values[i])))
        return before.outcome as R;
      const missing = names.flatMap((name, i) => (values[i] === undefined ? [(needs[name] as Fact<unknown>).id] : []));
      const outcome =
        missing.length > 0 ? absent(missing) : judge(Object.fromEntries(names.map((name, i) => [name, values[i]])));
      checked.set(owner, { values, outcome });
      return outcome;
    };
    const outcomes = rules.map((rule): Outcome => {
      try {
        return apply<Outcome>(
          rule,
          rule.needs,
          (values) => {
            const answer = rule.check(values);
            return "missing" in answer
              ? { status: "not-applicable", rule: rule.id, missing: answer.missing }
              : {
                  status: "checked",
                  rule: rule.id,
                  findings: answer.map((draft) => stated(rule, draft, run.info.dialect)),
                };
          },
          (missing) => ({ status: "not-applicable", rule: rule.id, missing: mostOf(missing) }),
        );
      } catch (thrown) {
        return { status: "failed", rule: rule.id, error: messageOf(thrown) };
      }
    });
    const explained = signs.flatMap((sign) => {
      try {
        return apply<readonly Explanation[]>(
          sign,
          sign.needs,
          (values) => sign.explain(values),
          () => [],
        );
      } catch {
        // A sign only comforts; without it the report is still right, so its failure stays silent here and red in its test.
        return [];
      }
    });
    const places = get(standing) as readonly Standing[] | undefined;
    return { outcomes: mergeSigns(outcomes, rules), explained, standing: places ?? [], derived };
  };
}

/** A draft with its rule's name, and with every number as it can travel: rules hand over plain ones. */
const stated = (rule: Rule, draft: FindingDraft, trainer: string | null): Finding => ({
  ...draft,
  title: draft.title ?? rule.title,
  rule: rule.id,
  evidence: draft.evidence.map((item) => ({ ...item, value: travelling(item.value) })),
  advice: draft.advice
    .map((advice) => ({
      ...withSnippet(advice, trainer),
      changes: advice.changes
        .map(({ key, from, to }) => ({ key, from: travelling(from), to: travelling(to) }))
        .filter(({ from, to }) => from === null || String(from) !== String(to)),
    }))
    .filter(({ changes, summary, snippet }) => changes.length > 0 || summary !== "" || snippet !== undefined),
});

const travelling = <T>(value: T): T | WireNumber => (typeof value === "number" ? toWire(value) : value);

/** The tracked window on a run that facts get. */
function createView(run: RunData): (inputs: Noted[]) => RunView {
  const bySignal = new Map<Signal, { count: number; series: readonly SeriesData[] }>();
  const seriesOf = (signal: Signal): readonly SeriesData[] => {
    let known = bySignal.get(signal);
    if (known === undefined || known.count !== run.seriesCount) {
      const fresh = run.seriesAfter(known?.count ?? 0).filter((s) => signal.matches(s.name, s.labels));
      const before = known?.series ?? [];
      known = { count: run.seriesCount, series: fresh.length === 0 ? before : [...before, ...fresh] };
      bySignal.set(signal, known);
    }
    return known.series;
  };
  let endings: { version: number; index: ReadonlyMap<string, Scalar> } | undefined;
  const note = (inputs: Noted[], version: Version): void => {
    inputs.push({ version, seen: version() });
  };
  return (inputs) => ({
    series(signal) {
      note(inputs, () => seriesOf(signal).reduce((sum, s) => sum + s.length, seriesOf(signal).length / 1e6));
      return seriesOf(signal);
    },
    config(...keys) {
      note(inputs, () => run.configVersion);
      if (endings === undefined || endings.version !== run.configVersion)
        endings = { version: run.configVersion, index: indexOf(run.config) };
      return lookUp(run.config, endings.index, keys);
    },
    configKeys() {
      note(inputs, () => run.configVersion);
      return run.config.keys();
    },
    records() {
      note(inputs, () => run.records.length);
      return run.records;
    },
    info() {
      note(inputs, () => run.infoVersion);
      return run.info;
    },
    clock() {
      note(inputs, () => run.clock);
      return run.clock;
    },
  });
}

/**
 * Every dotted ending of every key, the first key winning, so that `lr` finds `optimizer.lr`
 * without a walk over the configuration for each spelling of each option.
 */
function indexOf(config: ReadonlyMap<string, Scalar>): ReadonlyMap<string, Scalar> {
  const endings = new Map<string, Scalar>();
  for (const [name, value] of config) {
    if (value === null) continue;
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const ending = name.slice(dot + 1);
      if (!endings.has(ending)) endings.set(ending, value);
    }
  }
  return endings;
}

function lookUp(
  config: ReadonlyMap<string, Scalar>,
  endings: ReadonlyMap<string, Scalar>,
  keys: readonly string[],
): Scalar | undefined {
  for (const key of keys) {
    const value = config.get(key) ?? endings.get(key);
    if (value !== undefined) return value;
  }
  return undefined;
}
