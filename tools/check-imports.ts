/** Fails when a file of src imports against the table below, which ARCHITECTURE.md shows word for word. */
import { isBuiltin } from "node:module";
import { posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { filesUnder, isNode, parseFile, walk } from "./sources.ts";

export interface Layer {
  /** Folder below the root that is checked; the longest one that fits a file is its layer. */
  readonly folder: string;
  readonly imports: readonly string[];
  /** npm packages by name; `@scope/*` stands for all of a scope. */
  readonly packages: readonly string[];
  readonly runtime: "ES" | "Node" | "DOM";
}

const product = ["api", "ingest", "store", "analysis", "model", "base"];

export const layers: readonly Layer[] = [
  { folder: "base", imports: [], packages: [], runtime: "ES" },
  { folder: "model", imports: ["base"], packages: ["zod"], runtime: "ES" },
  { folder: "analysis", imports: ["model", "base"], packages: ["zod"], runtime: "ES" },
  { folder: "ingest", imports: ["model", "base"], packages: ["zod"], runtime: "ES" },
  { folder: "api", imports: ["model", "base"], packages: ["zod"], runtime: "ES" },
  { folder: "store", imports: ["model", "base"], packages: ["zod"], runtime: "Node" },
  {
    folder: "store/embedded",
    imports: ["store", "model", "base"],
    packages: ["@duckdb/*", "zod"],
    runtime: "Node",
  },
  {
    folder: "server",
    imports: product,
    packages: ["@fastify/*", "fastify", "fastify-type-provider-zod", "zod"],
    runtime: "Node",
  },
  {
    folder: "web",
    imports: ["api", "analysis", "model", "base"],
    packages: [
      "@mantine/*",
      "@tabler/icons-react",
      "@tanstack/*",
      "diff",
      "react",
      "react-dom",
      "uplot",
      "wouter",
      "zod",
    ],
    runtime: "DOM",
  },
  {
    folder: "cli",
    imports: ["server", "store/embedded", ...product],
    packages: ["@lydell/node-pty", "cli-progress", "commander", "picocolors", "yaml", "zod"],
    runtime: "Node",
  },
];

/** Tests use real parts of any layer; build configuration runs in Node before there are layers. */
const isExempt = (file: string): boolean => /\.(test|contract)\.tsx?$|(^|\/)[a-z]+\.config\.ts$/.test(file);

export interface ImportCheck {
  readonly files: number;
  readonly imports: number;
  readonly violations: readonly string[];
}

/** Throws when there is nothing to look at: a check of no files would pass for the wrong reason. */
export function checkImports(root: string, table: readonly Layer[]): ImportCheck {
  const files = filesUnder(root, ["."], /\.tsx?$/);
  if (files.length === 0) throw new Error(`no source under ${root}: the check would pass on nothing`);
  const violations: string[] = [];
  let imports = 0;
  for (const file of files) {
    if (isExempt(file)) continue;
    const layer = layerOf(file, table);
    if (layer === undefined) {
      violations.push(`${file}: its folder is not in the import table`);
      continue;
    }
    const found = importsOf(`${root}/${file}`);
    imports += found.specifiers.length;
    for (const problem of found.problems) violations.push(`${file}: ${problem}`);
    for (const specifier of found.specifiers) {
      const problem = judge({ file, layer, specifier, table });
      if (problem !== undefined) violations.push(`${file} imports ${specifier}: ${problem}`);
    }
  }
  return { files: files.length, imports, violations };
}

const layerOf = (file: string, table: readonly Layer[]): Layer | undefined =>
  table
    .filter((layer) => file.startsWith(`${layer.folder}/`))
    .toSorted((a, b) => b.folder.length - a.folder.length)
    .at(0);

interface Import {
  readonly file: string;
  readonly layer: Layer;
  readonly specifier: string;
  readonly table: readonly Layer[];
}

function judge({ file, layer, specifier, table }: Import): string | undefined {
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(file), specifier.replace(/\?.*$/, ""));
    const to = layerOf(target, table);
    if (to === undefined) return "outside the layers of src";
    if (to === layer || layer.imports.includes(to.folder)) return undefined;
    return `${layer.folder} may not import ${to.folder}`;
  }
  if (isBuiltin(specifier)) return layer.runtime === "Node" ? undefined : `${layer.folder} may not use Node built-ins`;
  const allowed = layer.packages.some((name) =>
    name.endsWith("/*")
      ? specifier.startsWith(name.slice(0, -1))
      : specifier === name || specifier.startsWith(`${name}/`),
  );
  return allowed ? undefined : `${layer.folder} may not use this package`;
}

/** Static and dynamic imports, re-exports and `import("…")` types. */
function importsOf(path: string): { specifiers: string[]; problems: string[] } {
  const { module, program } = parseFile(path);
  const specifiers = module.staticImports.map((i) => i.moduleRequest.value);
  const problems: string[] = [];
  for (const { entries } of module.staticExports) {
    for (const entry of entries) {
      if (entry.moduleRequest === null) continue;
      specifiers.push(entry.moduleRequest.value);
      if (entry.importName.kind !== "Name") problems.push("re-exports a whole module; name what is exported");
    }
  }
  walk(program, (node) => {
    if (node.type !== "ImportExpression" && node.type !== "TSImportType") return;
    const { source } = node;
    if (isNode(source) && typeof source["value"] === "string") specifiers.push(source["value"]);
    else problems.push("imports a computed path; the checker and the reader cannot follow it");
  });
  return { specifiers, problems };
}

/** The table as Markdown, for ARCHITECTURE.md. */
export function importTable(table: readonly Layer[]): string {
  const list = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.join(", "));
  const rows = table.map(
    ({ folder, imports, packages, runtime }) =>
      `| \`${folder}\` | ${list(imports)} | ${packages.length === 0 ? "none" : packages.map((p) => `\`${p}\``).join(", ")} | ${runtime} |`,
  );
  return ["| folder of `src` | may import | npm packages | runtime |", "|---|---|---|---|", ...rows].join("\n");
}

function main(): void {
  if (process.argv.includes("--table")) {
    console.log(importTable(layers));
    return;
  }
  const root = resolve(import.meta.dirname, "../src");
  const { files, imports, violations } = checkImports(root, layers);
  for (const violation of violations) console.error(violation);
  console.log(`${files} files, ${imports} imports, ${violations.length} against the table`);
  if (violations.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
