/** `npm run new rule <id>`: the files of a new rule and its line in the list, ready to be filled in. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const usage = "Usage: npm run new rule <id>, for example: npm run new rule learning-rate-zero";

export const exportName = (id: string): string => id.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Answers the paths it wrote. Throws, having written nothing, when the id is bad or taken. */
export function scaffoldRule(root: string, id: string): readonly string[] {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)+$/.test(id))
    throw new Error(
      `"${id}" is no rule id: it is a noun in the failing state, in kebab-case, such as learning-rate-zero`,
    );
  const list = "src/analysis/rules/index.ts";
  const files = new Map([
    [`src/analysis/rules/${id}.ts`, ruleText(id)],
    [`src/analysis/rules/${id}.test.ts`, testText(id)],
    [`docs/rules/${id}.md`, pageText(id)],
  ]);
  const taken = [...files.keys()].find((path) => existsSync(join(root, path)));
  if (taken !== undefined) throw new Error(`${taken} is already there`);
  const listed = withRule(readFileSync(join(root, list), "utf8"), id);
  for (const [path, text] of files) writeFileSync(join(root, path), text);
  writeFileSync(join(root, list), listed);
  return [...files.keys(), list];
}

/** The list with an import in alphabetical order and the rule as its last entry. */
export function withRule(list: string, id: string): string {
  const line = `import { ${exportName(id)} } from "./${id}.ts";`;
  const lines = list.split("\n");
  const imports = lines.filter((text) => text.startsWith("import { ") && text.includes('from "./'));
  const after = imports.findLast((text) => pathOf(text) < pathOf(line));
  const at = lines.indexOf(after ?? imports[0] ?? "") + (after === undefined ? 0 : 1);
  const end = lines.lastIndexOf("];");
  if (end === -1) throw new Error("the list of rules does not end with a line `];`");
  return [...lines.slice(0, at), line, ...lines.slice(at, end), `  ${exportName(id)},`, ...lines.slice(end)].join("\n");
}

const pathOf = (line: string): string => line.slice(line.indexOf('"'));

const ruleText = (id: string): string => `import { loss } from "../facts/loss.ts";
import { defineRule } from "../rule.ts";

export const ${exportName(id)} = defineRule({
  id: "${id}",
  title: "What a person reads first: the state, in a few words",
  why: "One sentence: what harm it does when nobody acts.",
  needs: { loss },
  check({ loss: curve }) {
    if (curve.length === 0) return [];
    return [];
  },
});
`;

const testText = (id: string): string => `import { expect, test } from "vitest";
import { createDiagnosis } from "../diagnose.ts";
import { healthyRows, random, runOf, usualShape, type Story } from "../synthetic.fixture.ts";
import { ${exportName(id)} } from "./${id}.ts";

const rows = healthyRows(random(1), usualShape);

function outcome(story: Story) {
  const [first] = createDiagnosis(runOf(story), [${exportName(id)}], [])().outcomes;
  return first;
}

test("finds the fault where it begins", () => {
  const faulty = rows.map((row) => (row.step < 500 ? row : { ...row, loss: 100 }));
  const found = outcome({ rows: faulty });
  expect(found).toMatchObject({ status: "checked", findings: [{ onset: { step: 500 } }] });
});

test("is silent on a healthy run", () => {
  expect(outcome({ rows })).toMatchObject({ status: "checked", findings: [] });
});

test("is not applicable without its data", () => {
  expect(outcome({ rows: [] })).toMatchObject({ status: "not-applicable" });
});
`;

const pageText = (id: string): string => `# ${id}

What is wrong, in one sentence, and what it does to the model.

## When it fires

The condition with its numbers, and why these numbers.

## What looks like it and is not

The nearest innocent run, and why the rule stays silent on it.

## What to do

The settings to change, most likely cause first.

## Sources

Where the threshold and the advice come from.
`;

function main(): void {
  const [kind, id] = process.argv.slice(2);
  if (kind !== "rule" || id === undefined) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  try {
    for (const path of scaffoldRule(resolve(import.meta.dirname, ".."), id)) console.log(path);
    console.log(`Now make its test green: npx vitest run src/analysis/rules/${id}.test.ts`);
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : String(thrown));
    process.exitCode = 2;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
