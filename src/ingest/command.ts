import { maxConfigKeys } from "../model/config.ts";
import type { FlatConfig, Scalar } from "../model/config.ts";
import { toWire } from "../model/number.ts";
import { emptyConfig } from "./decoded-builder.ts";
import { numberOf } from "./number-text.ts";
import { maskSecret } from "./secret.ts";

const option = /^--?([A-Za-z][\w.-]*)(?:=(.*))?$/s;
// Hydra and OmegaConf: optimizer.lr=1e-3, +trainer.max_steps=10, ~callbacks.
const assignment = /^[+~]{0,2}([A-Za-z_][\w./@-]*)=(.*)$/s;

/**
 * The settings on a training command's line: `--learning_rate 1e-3`, `--lr=1e-3`,
 * `optimizer.lr=1e-3`, and flags. `-` inside an option's name is read as `_`, as argparse does.
 * Values of secrets are `***`. What comes before the script (the interpreter, a launcher) has
 * options of its own and is left out when a script can be told.
 */
export function configFromCommand(argv: readonly string[]): FlatConfig {
  const config = emptyConfig();
  let keys = 0;
  const set = (name: string, value: Scalar): void => {
    const key = name.replaceAll("-", "_");
    if (key.length > 512 || keys >= maxConfigKeys) return;
    keys += 1;
    config[key] = maskSecret(key, value);
  };
  const script = argv.findIndex((word) => /\.(py|sh|ts|js)$/.test(word));
  const rest = argv.slice(script === -1 ? 1 : script + 1);
  for (let i = 0; i < rest.length; i += 1) {
    const word = rest[i] ?? "";
    const match = option.exec(word);
    if (match === null) {
      const [, key, value] = assignment.exec(word) ?? [];
      if (key !== undefined && value !== undefined) set(key, scalarOf(value));
      continue;
    }
    const [, name = "", attached] = match;
    if (attached !== undefined) {
      set(name, scalarOf(attached));
      continue;
    }
    const values: string[] = [];
    for (let next = rest[i + 1]; next !== undefined && !isOption(next); next = rest[i + 1]) {
      if (assignment.test(next) && values.length === 0 && !next.startsWith("-")) break;
      values.push(next);
      i += 1;
      // One value belongs to the option. More only when they continue a list of numbers, so that
      // positional arguments after a flag stay what they are.
      if (numberOf(next) === undefined || numberOf(rest[i + 1] ?? "") === undefined) break;
    }
    const [only] = values;
    if (only === undefined) flag(name, set);
    else set(name, values.length === 1 ? scalarOf(only) : values.join(" "));
  }
  return config;
}

const isOption = (word: string): boolean => /^--?[A-Za-z]/.test(word) && numberOf(word) === undefined;

function flag(name: string, set: (name: string, value: Scalar) => void): void {
  if (/^no[-_]/.test(name)) set(name.slice(3), false);
  else set(name, true);
}

function scalarOf(text: string): Scalar {
  const value = text.length > 16_384 ? text.slice(0, 16_384) : text;
  if (/^true$/i.test(value)) return true;
  if (/^false$/i.test(value)) return false;
  if (/^(none|null)$/i.test(value)) return null;
  const number = numberOf(value);
  return number === undefined ? value : toWire(number);
}
