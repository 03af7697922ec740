/**
 * Scores llmdbg, and with --peers the other detectors, on the recorded faults and healthy runs.
 *
 *   npx tsx benchmarks/faults/score.ts                          all splits, llmdbg alone
 *   npx tsx benchmarks/faults/score.ts --split tuning --verbose what was missed or wrong, run by run
 *   npx tsx benchmarks/faults/score.ts --peers .venv-bench/bin/python --write
 *
 * --write puts the tables into docs/accuracy.md and the figures into benchmarks/faults/result.json.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { load, names, splits, truthOf, type Recorded } from "./scoring/corpus.ts";
import { judge, scoreOf, type Judged } from "./scoring/judge.ts";
import { alarmsOf, reportOf, rowsToAlarm } from "./scoring/ours.ts";
import { askPeers } from "./scoring/peers.ts";
import { programTable, scoreTable, type Row } from "./scoring/tables.ts";

const { values: options } = parseArgs({
  options: {
    split: { type: "string", default: "all" },
    peers: { type: "string" },
    verbose: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    program: { type: "string" },
  },
});

const wanted = names().filter((name) => {
  const { split, program } = truthOf(name);
  return (
    (options.split === "all" || split === options.split) &&
    (options.program === undefined || program === options.program)
  );
});
if (wanted.length === 0) throw new Error("no recording was scored: nothing was measured");
const runs: Recorded[] = [];
for (const name of wanted) runs.push(await load(name));

const own = new Map(runs.map((recorded) => [recorded.name, judge(recorded, alarmsOf(reportOf(recorded)))]));
const answers = options.peers === undefined ? {} : askPeers(options.peers, runs, "out/faults-peers");
const delays = options.verbose
  ? new Map<string, number | null>()
  : new Map(runs.filter(({ truth }) => !truth.healthy).map((recorded) => [recorded.name, rowsToAlarm(recorded)]));

const titles = {
  tuning: "Tuning programs",
  "held-out": "Held-out programs",
  sealed: "Sealed programs (their score at first sight is above)",
  fresh: "Fresh programs (their score at first sight is above)",
  last: "Last programs (their score at first sight is above)",
  blind: "Blind programs (their score at first sight is above)",
  novel: "Novel programs (their score at first sight is above)",
};
const present = splits.filter((split) => runs.some(({ truth }) => truth.split === split));
let text = "";
const figures: Record<string, unknown> = {};
for (const split of present) {
  const mine = runs.filter(({ truth }) => truth.split === split);
  const ofOwn = mine.flatMap(({ name }) => own.get(name) ?? []);
  const waits = mine.flatMap(({ name }) => {
    const delay = delays.get(name);
    return typeof delay === "number" ? [delay] : [];
  });
  const rows: Row[] = [{ detector: "**llmdbg**", score: scoreOf(ofOwn), waits }];
  for (const [detector, byRun] of Object.entries(answers))
    rows.push({
      detector,
      score: scoreOf(mine.map((recorded) => judge(recorded, byRun[recorded.name] ?? []))),
      waits: null,
    });
  text += `### ${titles[split]}\n\n${scoreTable(rows)}\n${programTable(ofOwn)}\n`;
  figures[split] = Object.fromEntries(rows.map(({ detector, score }) => [detector.replaceAll("*", ""), score]));
  if (options.verbose) for (const one of ofOwn) explain(one);
}
console.log(text);
if (options.write) {
  const page = fileURLToPath(new URL("../../docs/accuracy.md", import.meta.url));
  const [before, after] = ["<!-- faults: begin -->", "<!-- faults: end -->"];
  const old = readFileSync(page, "utf8");
  const [head, rest] = old.split(before);
  const tail = rest?.split(after)[1];
  if (head === undefined || tail === undefined) throw new Error(`docs/accuracy.md lacks ${before} and ${after}`);
  writeFileSync(page, `${head}${before}\n\n${text}\n${after}${tail}`);
  writeFileSync(fileURLToPath(new URL("result.json", import.meta.url)), `${JSON.stringify(figures, null, 2)}\n`);
}

function explain({ name, truth, alarms, detected, rule, top1, layer, onset, onsetError, extra }: Judged): void {
  const faults = truth.healthy
    ? detected && ["FALSE ALARM"]
    : [
        !detected && "MISSED",
        detected && !rule && "wrong rule",
        rule && !top1 && "wrong cause",
        layer === false && "wrong layer",
        onsetError !== null && !onset && `onset off by ${onsetError} rows`,
        extra > 0 && "extra alarms",
      ];
  const said = (faults || []).filter((one) => one !== false);
  if (said.length === 0) return;
  console.log(`${name}: ${said.join(", ")}`);
  if (!truth.healthy)
    console.log(
      `    truth: ${truth.rules.join("|")} because ${truth.causes.join("|")} at ${truth.onset?.step ?? "?"} in ${String(truth.layer ?? "-")}`,
    );
  for (const alarm of alarms)
    console.log(
      `    said:  ${alarm.rules.join("|")} because ${alarm.causes.slice(0, 3).join(", ")} at ${alarm.step ?? "?"} in ${alarm.layer ?? "-"}`,
    );
}
