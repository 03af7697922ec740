/**
 * Draws docs/rules/images/<id>.svg for every rule: a recorded run on which it fires beside the nearest innocent one.
 *
 *   npx tsx tools/draw-rules.ts [rule...]
 *
 * Which runs: tools/rule-pictures.ts. A picture whose first run does not fire, or whose second one does, is an error.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createDiagnosis, rules, signs, toReport, type RunData } from "../src/analysis/index.ts";
import { faultFamilies } from "../src/analysis/faulty.fixture.ts";
import { healthyFamilies } from "../src/analysis/healthy.fixture.ts";
import { layerStories } from "../src/analysis/layers.fixture.ts";
import { runOf } from "../src/analysis/synthetic.fixture.ts";
import { findInputs } from "../src/cli/read/find-inputs.ts";
import { readRun, toRunData } from "../src/cli/read/read-run.ts";
import type { Finding } from "../src/model/finding.ts";
import { picture, type DrawnCurve, type Panel } from "./picture.ts";
import { pictures, type Source } from "./rule-pictures.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const folders = ["fixtures/", "benchmarks/faults/recordings/"];

async function runFrom(source: Source): Promise<RunData> {
  if (source.kind === "generated") {
    const fault = faultFamilies.get(source.name)?.(1).story;
    const story = fault ?? healthyFamilies.get(source.name)?.(1) ?? layerStories.get(source.name)?.();
    if (story === undefined) throw new Error(`no generated family is called ${source.name}`);
    return runOf(story);
  }
  const folder = folders.find((one) => existsSync(`${root}${one}${source.name}/run.json`));
  if (folder === undefined) throw new Error(`no recording is called ${source.name}`);
  const [input] = await findInputs(`${root}${folder}${source.name}`);
  if (input === undefined) throw new Error(`nothing to read in ${source.name}`);
  return toRunData(await readRun(input));
}

function findingOf(run: RunData, rule: string): Finding | undefined {
  const diagnosis = createDiagnosis(run, rules, signs)();
  return toReport(run, diagnosis).findings.find((finding) => finding.rule === rule);
}

/** `main`, with the same metric of other layers or ranks behind it. */
function curvesOf(run: RunData, main: string): DrawnCurve[] {
  const all = [...run.series];
  const own = all.find(({ id }) => id === main) ?? all.find(({ name }) => name === main);
  if (own === undefined) throw new Error(`no series ${main} in ${run.info.name}`);
  const others = all.filter(({ id, name }) => id !== own.id && name === own.name).slice(0, 40);
  return [own, ...others].map((series) => ({
    label: series.id,
    step: series.step,
    value: series.value,
    isMain: series.id === own.id,
  }));
}

async function draw(rule: string): Promise<string> {
  const entry = pictures[rule];
  if (entry === undefined) throw new Error(`tools/rule-pictures.ts has no entry for ${rule}`);
  const { fires, innocent } = entry;
  const faulty = await runFrom(fires);
  const finding = findingOf(faulty, rule);
  if (finding === undefined) throw new Error(`${rule} does not fire on ${fires.name}`);
  const main = entry.series ?? placeOf(finding);
  if (main === undefined || main === null) throw new Error(`${rule} names no series as evidence; give one`);
  const healthy = await runFrom(innocent);
  if (findingOf(healthy, rule) !== undefined) throw new Error(`${rule} fires on ${innocent.name}, which is innocent`);
  const { step } = finding.onset;
  const panels: Panel[] = [
    {
      title: "Fires",
      caption: `${said(fires)}: ${fires.words}`,
      curves: curvesOf(faulty, main),
      flag: step === null ? undefined : { step, text: `step ${step}` },
    },
    {
      title: "Does not fire",
      caption: `${said(innocent)}: ${innocent.words}`,
      curves: curvesOf(healthy, innocent.series ?? main),
      flag: undefined,
    },
  ];
  return picture(`${rule}: a run on which it fires, and the nearest innocent one`, panels);
}

/** The evidence of the rank or layer that the finding names, else the first. */
function placeOf({ evidence, onset: { rank, layer } }: Finding): string | null | undefined {
  const named = evidence.flatMap(({ series }) => series ?? []);
  const ownRank = named.find((series) => rank !== undefined && series.includes(`rank=${rank}}`));
  return ownRank ?? named.find((series) => layer !== undefined && series.includes(`layer=${layer}`)) ?? named[0];
}

const said = ({ kind, name }: Source): string => (kind === "generated" ? `generated, ${name}` : name);

/** Puts the picture under the page's "How it is detected", once. */
function embed(rule: string): void {
  const page = `${root}docs/rules/${rule}.md`;
  const text = readFileSync(page, "utf8");
  const line = `![Left a run on which it fires, right the nearest innocent one](images/${rule}.svg)`;
  if (!text.includes(`(images/${rule}.svg)`))
    writeFileSync(page, text.replace("\n## When it is normal\n", `\n${line}\n\n## When it is normal\n`));
}

const wanted = process.argv.slice(2);
const ids = wanted.length > 0 ? wanted : rules.map(({ id }) => id);
mkdirSync(`${root}docs/rules/images`, { recursive: true });
const failures: string[] = [];
for (const rule of ids) {
  try {
    writeFileSync(`${root}docs/rules/images/${rule}.svg`, await draw(rule));
    embed(rule);
  } catch (thrown) {
    failures.push(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
console.log(`${ids.length - failures.length} of ${ids.length} rules drawn`);
for (const failure of failures) console.error(failure);
process.exitCode = failures.length > 0 || ids.length === 0 ? 1 : 0;
