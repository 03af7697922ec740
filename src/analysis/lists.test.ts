/** A rule is one file, one line in the list and one page: none of the three may be missing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dialects } from "./dialects/index.ts";
import { optionIds } from "./dialects/dialect.ts";
import { rules } from "./rules/index.ts";
import { signs } from "./signs/index.ts";

const names = (folder: URL, ending: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending) && !name.endsWith(".test.ts"))
    .map((name) => name.slice(0, -ending.length))
    .sort();

const here = (path: string): URL => new URL(path, import.meta.url);
const camel = (id: string): string => id.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

describe.each([
  { folder: "rules/", ids: rules.map((rule) => rule.id), other: ["index"] },
  { folder: "signs/", ids: signs.map((sign) => sign.id), other: ["index"] },
  { folder: "dialects/", ids: dialects.map((dialect) => dialect.id), other: ["index", "dialect"] },
])("$folder", ({ folder, ids, other }) => {
  test("list and folder agree", () => {
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
    expect(names(here(folder), ".ts").filter((name) => !other.includes(name))).toEqual([...ids].sort());
  });

  test("each file exports its id in camel case", () => {
    for (const id of ids)
      expect(readFileSync(here(`${folder}${id}.ts`), "utf8")).toContain(`export const ${camel(id)} =`);
  });
});

describe("rules", () => {
  test("each has a test and a page, and each page a rule", () => {
    const ids = rules.map((rule) => rule.id).sort();
    const tests = readdirSync(here("rules/")).filter((name) => name.endsWith(".test.ts"));
    expect(tests.map((name) => name.replace(".test.ts", "")).sort()).toEqual(ids);
    expect(names(here("../../docs/rules/"), ".md")).toEqual(ids);
  });

  test("pages carry the title of their rule and the same sections", () => {
    for (const rule of rules) {
      const page = readFileSync(here(`../../docs/rules/${rule.id}.md`), "utf8");
      expect(page).toMatch(new RegExp(`^# ${rule.title} \\(\`${rule.id}\`\\)\n`));
      for (const section of ["What it means", "How it is detected", "When it is normal", "What to change", "Sources"])
        expect(page, rule.id).toContain(`\n## ${section}\n`);
      const picture = `images/${rule.id}.svg`;
      expect(page, rule.id).toContain(`](${picture})`);
      expect(existsSync(here(`../../docs/rules/${picture}`)), picture).toBe(true);
    }
  });

  test("the graph of causes names rules that exist, and has no circle", () => {
    const signOf = new Map(
      rules.map((rule) => [
        rule.id,
        [
          ...(rule.signOf ?? []),
          ...rules.flatMap((other) => (other.leadsTo?.includes(rule.id) === true ? [other.id] : [])),
        ],
      ]),
    );
    const reaches = (from: string, to: string, seen: ReadonlySet<string>): boolean =>
      (signOf.get(from) ?? []).some(
        (next) => next === to || (!seen.has(next) && reaches(next, to, new Set([...seen, next]))),
      );
    for (const rule of rules) {
      for (const other of [...(rule.signOf ?? []), ...(rule.leadsTo ?? [])])
        expect(signOf.has(other), `${rule.id} -> ${other}`).toBe(true);
      expect(reaches(rule.id, rule.id, new Set()), rule.id).toBe(false);
    }
  });
});

describe("dialects", () => {
  test("name known options, each under one key of their own", () => {
    for (const dialect of dialects) {
      const entries = Object.entries(dialect.options);
      expect(entries.length, dialect.id).toBeGreaterThan(4);
      for (const [option] of entries) expect(optionIds).toContain(option);
      const keys = entries.map(([, name]) => (typeof name === "string" ? name : name.key));
      expect(new Set(keys).size, dialect.id).toBe(keys.length);
      expect(dialect.source).toMatch(/^https:\/\//);
    }
  });
});
