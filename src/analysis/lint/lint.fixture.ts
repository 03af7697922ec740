/** Lints configurations, rows and tokenizers that tests write down. */
import { flatten } from "../../model/config.ts";
import type { LintFinding } from "../../model/lint.ts";
import type { LintContext } from "./check.ts";
import { checks } from "./checks/index.ts";
import { createLinter } from "./lint.ts";
import { maxLengthOf } from "./max-length.ts";
import { readRow } from "./row.ts";
import { Settings, type SettingsSource } from "./settings.ts";
import { readTokenizer, type TokenizerFiles } from "./tokenizer.ts";

export interface LintCase {
  readonly dialect?: string;
  readonly config?: object;
  readonly source?: Partial<SettingsSource>;
  readonly deepspeed?: object;
  readonly rows?: readonly unknown[];
  readonly evalRows?: readonly unknown[];
  readonly tokenizer?: Omit<TokenizerFiles, "file">;
  readonly worldSize?: number;
  readonly maxLength?: number;
}

/** For one check: a case that fires, with the severity and what the message says, and the nearest innocent one. */
export interface CheckCase {
  readonly check: string;
  readonly fires: LintCase;
  readonly severity: string;
  readonly says: RegExp;
  readonly innocent: LintCase;
  /** A case in which it cannot be told. */
  readonly missing?: LintCase;
}

/** What one check says: its findings, "clean", or what it misses. */
export function outcomeOf(id: string, story: LintCase): LintFinding[] | "clean" | { missing: readonly string[] } {
  const settings =
    story.config === undefined
      ? null
      : new Settings({
          file: "run.yaml",
          dialect: story.dialect ?? "trl",
          values: flatten(story.config),
          origin: "file",
          ...story.source,
        });
  const deepspeed =
    story.deepspeed === undefined
      ? null
      : new Settings({ file: "ds.json", dialect: "deepspeed", values: flatten(story.deepspeed), origin: "file" });
  const tokenizer =
    story.tokenizer === undefined ? null : readTokenizer({ file: "tokenizer_config.json", ...story.tokenizer });
  const train = { path: "train.jsonl", role: "train" } as const;
  const evaluation = { path: "eval.jsonl", role: "eval" } as const;
  const context: LintContext = {
    settings,
    deepspeed,
    tokenizer,
    files: [...(story.rows === undefined ? [] : [train]), ...(story.evalRows === undefined ? [] : [evaluation])],
    maxLength: maxLengthOf(story.maxLength, settings, tokenizer),
    worldSize: story.worldSize ?? null,
  };
  const linter = createLinter(context, checks);
  for (const [file, rows] of [
    [train, story.rows ?? []],
    [evaluation, story.evalRows ?? []],
  ] as const)
    for (const [i, value] of rows.entries()) linter.row(readRow({ file, index: i + 1, line: i + 1 }, value));
  const { findings, notApplicable } = linter.end();
  const absent = notApplicable.find(({ check }) => check === id);
  if (absent !== undefined) return { missing: absent.missing };
  const own = findings.filter(({ check }) => check === id);
  return own.length === 0 ? "clean" : own;
}

export const times = (n: number, row: (i: number) => unknown): unknown[] => Array.from({ length: n }, (_, i) => row(i));
