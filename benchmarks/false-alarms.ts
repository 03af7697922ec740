/**
 * What the rules say of logs that you believe to be healthy: one line a file, then the share alarmed.
 *
 *   npm run build && npx tsx benchmarks/false-alarms.ts path/to/*.json
 *
 * Takes whatever `llmdbg diagnose` reads. An alarm is a finding of severity error or warning that has
 * not passed by itself. Look at each one: some are true.
 */
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { Report } from "../src/model/report.ts";

const bin = fileURLToPath(new URL("../bin/llmdbg.js", import.meta.url));
let judged = 0;
let alarmed = 0;
for (const file of process.argv.slice(2)) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "diagnose", file, "--json"], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status === 2) {
    console.log(`unreadable  ${basename(file)}  ${stderr.trim().split("\n")[0] ?? ""}`);
    continue;
  }
  const report = Report.parse(JSON.parse(stdout));
  if (!report.run.series.includes("loss")) {
    console.log(`no loss     ${basename(file)}`);
    continue;
  }
  judged += 1;
  const alarms = report.findings.filter((f) => f.severity !== "info" && f.recovered !== true);
  if (alarms.length > 0) alarmed += 1;
  const said = alarms.map((f) => `${f.severity} ${f.rule} at step ${f.onset.step ?? "?"}`).join(", ");
  console.log(
    `${alarms.length > 0 ? "ALARM" : "quiet"}       ${basename(file)}  steps to ${report.run.lastStep ?? "?"}  ${said}`,
  );
}
if (judged === 0) throw new Error("no file had a loss: nothing was measured");
console.log(`${alarmed} of ${judged} logs alarmed`);
