/**
 * Changes what should not matter in recorded runs, diagnoses them again, and counts what is kept.
 *
 *   npx tsx benchmarks/faults/probes.ts                                 all changes, on all programs that were looked at
 *   npx tsx benchmarks/faults/probes.ts --change steps-10 --verbose     what was lost, run by run
 *   npx tsx benchmarks/faults/probes.ts --seed 1 --split tuning         a third of the runs of one split
 *   npx tsx benchmarks/faults/probes.ts --write                         puts the table into docs/accuracy.md
 *
 * The last programs are left out: nothing may be tuned by them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { changes } from "./scoring/changes.ts";
import { load, names, truthOf, type Recorded } from "./scoring/corpus.ts";
import { judge, type Judged } from "./scoring/judge.ts";
import { alarmsOf, reportOf } from "./scoring/ours.ts";

const { values: options } = parseArgs({
  options: {
    change: { type: "string" },
    split: { type: "string" },
    program: { type: "string" },
    seed: { type: "string" },
    verbose: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

const diagnosed = (recorded: Recorded): Judged => judge(recorded, alarmsOf(reportOf(recorded)));

const wanted = names().filter((name) => {
  const { split, program } = truthOf(name);
  return (
    split !== "last" &&
    (options.split === undefined || split === options.split) &&
    (options.program === undefined || program === options.program) &&
    (options.seed === undefined || name.endsWith(`-seed${options.seed}`))
  );
});
const probes = changes.filter(({ id }) => options.change === undefined || id.startsWith(options.change));
if (wanted.length === 0 || probes.length === 0) throw new Error("no recording was changed: nothing was measured");

const counts = probes.map(({ id, title }) => ({
  id,
  title,
  rule: [0, 0] as [number, number],
  cause: [0, 0] as [number, number],
  onset: [0, 0] as [number, number],
  alarmed: [0, 0] as [number, number],
}));
for (const name of wanted) {
  const recorded = await load(name);
  const plain = diagnosed(recorded);
  for (const [i, probe] of probes.entries()) {
    const count = counts[i];
    if (count === undefined) continue;
    const given = probe.before?.(recorded) ?? recorded;
    const before = given === recorded ? plain : diagnosed(given);
    const after = diagnosed(probe.apply(given));
    if (before.truth.healthy) {
      if (before.alarms.length > 0) continue;
      tally(count.alarmed, after.alarms.length > 0);
      if (after.alarms.length > 0) explain(probe.id, "ALARMED", after);
      continue;
    }
    if (!before.rule) continue;
    tally(count.rule, after.rule);
    if (before.top1) tally(count.cause, after.rule && after.top1);
    if (before.onset) tally(count.onset, after.rule && after.onset);
    const lost = !after.rule
      ? "LOST"
      : before.top1 && !after.top1
        ? "cause"
        : before.onset && !after.onset
          ? "onset"
          : "";
    if (lost !== "") explain(probe.id, lost, after, before);
  }
}

function tally(pair: [number, number], hit: boolean): void {
  pair[0] += hit ? 1 : 0;
  pair[1] += 1;
}

function explain(id: string, what: string, after: Judged, before?: Judged): void {
  if (!options.verbose) return;
  const said = ({ alarms }: Judged): string =>
    alarms.map((a) => `${a.rules.join("|")} because ${a.causes[0] ?? "-"} at ${a.step ?? "?"}`).join("; ") || "nothing";
  const truth = after.truth;
  console.log(
    `${id} ${what} ${after.name} [${truth.rules.join("|")}; onset ${truth.onset?.step ?? "?"}]: ${before === undefined ? "" : `${said(before)} -> `}${said(after)}`,
  );
}

const share = ([hits, of]: readonly [number, number]): string =>
  of === 0 ? "–" : `${Math.round((100 * hits) / of)} % (${hits}/${of})`;
const table = [
  "| changed | right rule kept | right cause kept | onset kept | healthy runs that begin to alarm |",
  "|---|---|---|---|---|",
  ...counts.map(
    ({ title, rule, cause, onset, alarmed }) =>
      `| ${title} | ${share(rule)} | ${share(cause)} | ${share(onset)} | ${alarmed[0]}/${alarmed[1]} |`,
  ),
].join("\n");
console.log(table);
if (options.write) {
  const page = fileURLToPath(new URL("../../docs/accuracy.md", import.meta.url));
  const [begin, end] = ["<!-- probes: begin -->", "<!-- probes: end -->"];
  const [head, rest] = readFileSync(page, "utf8").split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error(`docs/accuracy.md lacks ${begin} and ${end}`);
  writeFileSync(page, `${head}${begin}\n\n${table}\n\n${end}${tail}`);
}
