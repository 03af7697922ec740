import type { FlatConfig } from "../../model/config.ts";
import type { LintFinding } from "../../model/lint.ts";
import { checks } from "./checks/index.ts";
import { createLinter } from "./lint.ts";
import { dialectOf } from "./recognise.ts";
import { Settings } from "./settings.ts";

/** What can be said of the settings that a run reported, without its data and files. */
export function lintSettings(values: FlatConfig, dialect: string | null): readonly LintFinding[] {
  const settings = new Settings({
    file: "configuration",
    dialect: dialect ?? dialectOf(values) ?? "plain",
    values,
    origin: "run",
  });
  const context = { settings, deepspeed: null, tokenizer: null, files: [], maxLength: null, worldSize: null };
  return createLinter(context, checks).end().findings;
}
