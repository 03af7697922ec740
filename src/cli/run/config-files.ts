import { readFileSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { configFromCommand, maskSecret } from "../../ingest/index.ts";
import { flatten, type FlatConfig } from "../../model/config.ts";

const largestBytes = 1024 * 1024;
const mostKeys = 4000;

/**
 * Settings of a command: those of small YAML and JSON files inside the working directory that it names, and
 * above them those on its command line.
 */
export async function settingsOf(argv: readonly string[]): Promise<FlatConfig> {
  const config: FlatConfig = flatten({});
  for (const word of argv) {
    const path = word.slice(word.startsWith("-") ? word.indexOf("=") + 1 : 0);
    if (!/\.(ya?ml|json)$/i.test(path)) continue;
    for (const [key, value] of Object.entries(flatten(await contentOf(path)))) {
      if (key !== "" && key.length <= 512 && Object.keys(config).length < mostKeys)
        config[key] = maskSecret(key, shortened(value));
    }
  }
  for (const [key, value] of Object.entries(configFromCommand(argv))) config[key] = value;
  return config;
}

const shortened = (value: FlatConfig[string]): FlatConfig[string] =>
  typeof value === "string" ? value.slice(0, 16_384) : (value ?? null);

async function contentOf(path: string): Promise<unknown> {
  const full = resolve(path);
  if (relative(resolve("."), full).startsWith("..")) return undefined;
  try {
    const info = statSync(full);
    if (!info.isFile() || info.size > largestBytes) return undefined;
    const text = readFileSync(full, "utf8");
    if (/\.json$/i.test(path)) return JSON.parse(text);
    // Aliases are limited, so that a small file cannot unfold into a huge one.
    const content: unknown = (await import("yaml")).parse(text, { maxAliasCount: 100 });
    return content;
  } catch {
    // The trainer will complain about its own file; for us it then holds no settings.
    return undefined;
  }
}

/** Where trainers say that they write, in the spelling of their options. */
const outputKeys = [
  "output_dir",
  "out_dir",
  "save_dir",
  "log_dir",
  "logging_dir",
  "run_dir",
  "default_root_dir",
  "hydra.run.dir",
  "save",
  "output",
  "o",
];

export function outputDirectoryOf(config: FlatConfig): string | undefined {
  for (const key of outputKeys) {
    const value = config[key];
    if (typeof value === "string" && value !== "" && !value.includes("$")) return value;
  }
  return undefined;
}
