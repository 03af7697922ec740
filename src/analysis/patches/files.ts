import type { Scalar } from "../../model/config.ts";
import type { Setting } from "./patch.ts";
import { inBrackets, tomlText, yamlText } from "./scalar-text.ts";

type Tree = Map<string, Tree | Setting>;

/** Dotted keys as the nesting of a file. */
function treeOf(settings: readonly Setting[]): Tree {
  const root: Tree = new Map();
  for (const setting of settings) {
    const parts = setting.key.split(".");
    const name = parts.pop() ?? setting.key;
    let branch = root;
    for (const part of parts) {
      const next = branch.get(part);
      if (next instanceof Map) branch = next;
      else {
        const made: Tree = new Map();
        branch.set(part, made);
        branch = made;
      }
    }
    branch.set(name, setting);
  }
  return root;
}

/** `from` as a remark, so that a person finds the line to replace. */
const remark = (from: Scalar, to: Scalar, spell: (value: Scalar) => string): string =>
  from === null || from === to ? "" : `  # was ${spell(from)}`;

export function yaml(settings: readonly Setting[]): string {
  const lines = (tree: Tree, indent: string): string[] =>
    [...tree].flatMap(([key, item]) => {
      if (item instanceof Map) return [`${indent}${key}:`, ...lines(item, `${indent}  `)];
      if (item.to === null) return [`${indent}# take away: ${key}`];
      return [`${indent}${key}: ${yamlText(item.to)}${remark(item.from, item.to, yamlText)}`];
    });
  return lines(treeOf(settings), "").join("\n");
}

/** JSON has no remarks: what to take away is set to null. */
export function json(settings: readonly Setting[]): string {
  const plain = (tree: Tree): object =>
    Object.fromEntries([...tree].map(([key, item]) => [key, item instanceof Map ? plain(item) : inBrackets(item.to)]));
  return JSON.stringify(plain(treeOf(settings)), null, 2);
}

export function toml(settings: readonly Setting[]): string {
  const sections = new Map<string, Setting[]>();
  for (const setting of settings) {
    const section = setting.key.split(".").slice(0, -1).join(".");
    sections.set(section, [...(sections.get(section) ?? []), setting]);
  }
  return [...sections]
    .map(([section, within]) =>
      [
        ...(section === "" ? [] : [`[${section}]`]),
        ...within.map(({ key, from, to }) => {
          const name = key.slice(key.lastIndexOf(".") + 1);
          return to === null ? `# take away: ${name}` : `${name} = ${tomlText(to)}${remark(from, to, tomlText)}`;
        }),
      ].join("\n"),
    )
    .join("\n\n");
}
