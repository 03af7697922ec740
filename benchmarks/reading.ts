/**
 * How much of what public training programs print is read, and how much is read wrong.
 *
 *   npx tsx benchmarks/reading.ts                          both halves
 *   npx tsx benchmarks/reading.ts --half first --verbose   what was missed or wrong, excerpt by excerpt
 *   npx tsx benchmarks/reading.ts --id timm                one excerpt, with every series that was read
 */
import { parseArgs } from "node:util";
import { excerpts, halfOf, halves, readExcerpt } from "./reading/corpus.ts";
import { judge } from "./reading/judge.ts";
import { scoreOf } from "./reading/score.ts";

const { values: options } = parseArgs({
  options: {
    half: { type: "string" },
    id: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});

for (const half of halves) {
  if (options.half !== undefined && options.half !== half) continue;
  const chosen = excerpts.filter(
    ({ id, project }) => halfOf(project) === half && (options.id === undefined || id === options.id),
  );
  if (chosen.length === 0) continue;
  for (const excerpt of options.verbose || options.id !== undefined ? chosen : []) {
    const data = readExcerpt(excerpt.id);
    if (options.id !== undefined)
      for (const { name, step, value, length } of data.series)
        console.log(`  ${name}: ${[...value.subarray(0, length)].map((v, i) => `${step[i]}:${v}`).join(" ")}`);
    const bad = judge(excerpt, data).filter(({ verdict }) => verdict !== "right");
    if (bad.length === 0) continue;
    console.log(`${excerpt.id} (${excerpt.project})`);
    for (const { meaning, verdict, detail } of bad) console.log(`    ${verdict.padEnd(7)}${meaning}: ${detail}`);
  }
  const { stated, right, wrong } = scoreOf(chosen);
  const share = ((100 * right) / stated).toFixed(1);
  console.log(
    `${half} half: ${right} of ${stated} meanings right (${share} %), ${wrong} wrong, ` +
      `${chosen.length} excerpts of ${new Set(chosen.map(({ project }) => project)).size} projects`,
  );
}
