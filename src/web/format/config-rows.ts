import type { FlatConfig, Scalar } from "../../model/config.ts";
import { scalarText } from "./change.ts";

export interface ConfigRow {
  readonly key: string;
  /** One value a configuration, undefined where the key is not set. */
  readonly values: readonly (Scalar | undefined)[];
  readonly differs: boolean;
}

/** Several configurations side by side, keys in alphabetical order. */
export function configRows(configs: readonly FlatConfig[]): ConfigRow[] {
  const keys = new Set(configs.flatMap((config) => Object.keys(config)));
  return [...keys].toSorted().map((key) => {
    const values = configs.map((config) => (Object.hasOwn(config, key) ? config[key] : undefined));
    const texts = new Set(values.map((value) => (value === undefined ? undefined : scalarText(value))));
    return { key, values, differs: texts.size > 1 };
  });
}
