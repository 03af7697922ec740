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
  let [stated, right, wrong] = [0, 0, 0];
  for (const excerpt of chosen) {
    const data = readExcerpt(excerpt.id);
    const judged = judge(excerpt, data);
    stated += judged.filter((one) => one.stated).length;
    right += judged.filter(({ verdict }) => verdict === "right").length;
    wrong += judged.filter(({ verdict }) => verdict === "wrong").length;
    const bad = judged.filter(({ verdict }) => verdict !== "right");
    if (options.id !== undefined)
      for (const { name, step, value, length } of data.series)
        console.log(`  ${name}: ${[...value.subarray(0, length)].map((v, i) => `${step[i]}:${v}`).join(" ")}`);
    if ((options.verbose || options.id !== undefined) && bad.length > 0) {
      console.log(`${excerpt.id} (${excerpt.project})`);
      for (const { meaning, verdict, detail } of bad) console.log(`    ${verdict.padEnd(7)}${meaning}: ${detail}`);
    }
  }
  if (stated === 0) continue;
  const share = ((100 * right) / stated).toFixed(1);
  console.log(
    `${half} half: ${right} of ${stated} meanings right (${share} %), ${wrong} wrong, ` +
      `${chosen.length} excerpts of ${new Set(chosen.map(({ project }) => project)).size} projects`,
  );
}
