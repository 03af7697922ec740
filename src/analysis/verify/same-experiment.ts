/** Whether two runs are of one experiment at all: only then a difference between them is that of a change. */
import type { JudgedRun } from "./judged-run.ts";

/**
 * The share of setting names that two runs have in common. The programs of benchmarks/faults share 0.15 to 0.39 with
 * each other; runs of one program share all but the few that were added.
 */
const leastShare = 0.5;
/** Fewer names than these say nothing. */
const leastNames = 5;

/** Why they are not; undefined when they may be. */
export function otherExperiment(before: JudgedRun | undefined, after: JudgedRun | undefined): string | undefined {
  if (before === undefined || after === undefined) return undefined;
  const settings = shared(settingNames(before), settingNames(after));
  const [from, to] = [scriptOf(before.command), scriptOf(after.command)];
  const isOtherScript = from !== undefined && to !== undefined && from !== to;
  const metrics = shared(metricNames(before), metricNames(after));
  const hasOtherSettings = settings.known && settings.share < leastShare;
  const hasOtherMetrics = metrics.known && metrics.share < leastShare;
  // A renamed script, new options or new metrics alone are an everyday change.
  if ([isOtherScript, hasOtherSettings, hasOtherMetrics].filter(Boolean).length < 2) return undefined;
  return [
    isOtherScript ? `they ran ${from} and ${to}` : "",
    hasOtherSettings ? `${settings.common} of ${settings.all} settings are common to both` : "",
    hasOtherMetrics ? `${metrics.common} of ${metrics.all} metrics are common to both` : "",
  ]
    .filter((text) => text !== "")
    .join(", ");
}

interface Shared {
  readonly common: number;
  readonly all: number;
  readonly share: number;
  readonly known: boolean;
}

function shared(a: ReadonlySet<string>, b: ReadonlySet<string>): Shared {
  const common = [...a].filter((name) => b.has(name)).length;
  const all = a.size + b.size - common;
  return { common, all, share: common / all, known: Math.min(a.size, b.size) >= leastNames };
}

const settingNames = ({ data }: JudgedRun): Set<string> =>
  new Set([...data.config.keys()].filter((key) => !/^(llmdbg|model)\./.test(key)));

/** Layers differ with the model, and what is sampled of the machine with the machine. */
const metricNames = ({ data }: JudgedRun): Set<string> =>
  new Set([...data.series].map(({ name }) => name).filter((name) => !/^(layer|logits|parameters|system)\//.test(name)));

const scriptOf = (command: readonly string[] | undefined): string | undefined => {
  const word = command?.find((one) => one.endsWith(".py"));
  return word?.slice(word.lastIndexOf("/") + 1);
};
