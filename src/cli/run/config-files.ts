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

/** Where trainers write everything, in the spelling of their options: `--output_dir`, `out_dir=`, Hydra's run directory. */
const outputKeys = [
  "output_dir",
  "out_dir",
  "save_dir",
  "log_dir",
  "run_dir",
  "default_root_dir",
  "trainer.default_root_dir",
  "hydra.run.dir",
];
/** Names of one part of the output, or of a single file. */
const partKeys = ["logging_dir", "save", "output", "o"];

/** `isWhole`: all that the command writes is there, so that files elsewhere are not its own. */
export interface OutputDirectories {
  readonly paths: readonly string[];
  readonly isWhole: boolean;
}

export function outputDirectoriesOf(config: FlatConfig): OutputDirectories {
  const named = (keys: readonly string[]): string[] =>
    keys.flatMap((key) => {
      const value = config[key];
      return typeof value === "string" && value !== "" && !value.includes("$") ? [value] : [];
    });
  const whole = named(outputKeys);
  return { paths: [...whole, ...named(partKeys)], isWhole: whole.length > 0 };
}
