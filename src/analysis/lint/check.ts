import type { Advice } from "../../model/finding.ts";
import type { LintFinding, LintWhere } from "../../model/lint.ts";
import type { DataFile, Row, Shape } from "./row.ts";
import type { Settings } from "./settings.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** What is known before the first row. Null: not given. */
export interface LintContext {
  /** Options of the trainer. */
  readonly settings: Settings | null;
  /** The DeepSpeed configuration, whether alone or beside the trainer's. */
  readonly deepspeed: Settings | null;
  readonly tokenizer: Tokenizer | null;
  readonly files: readonly DataFile[];
  /** In tokens; `why` says where it is from. */
  readonly maxLength: { readonly tokens: number; readonly why: string; readonly where: LintWhere | null } | null;
  readonly worldSize: number | null;
}

/** What was counted by the time that all rows were seen. */
export interface Seen {
  readonly train: number;
  readonly eval: number;
  readonly shapes: ReadonlySet<Shape>;
}

export type LintDraft = Omit<LintFinding, "check" | "title" | "source" | "also"> &
  Partial<Pick<LintFinding, "title" | "source" | "also">>;

/** Findings (none: clean), or what would have to be there to check it. */
export type LintVerdict = readonly LintDraft[] | { readonly missing: readonly string[] };

/** One check on its way through the rows. */
export interface Observer {
  row?(row: Row): void;
  end(seen: Seen): LintVerdict;
}

/** One thing to look at before step 0. Pure: rows are shown to it one after the other, none is kept by the engine. */
export interface LintCheck {
  /** A noun in the failing state, kebab-case: also the file's name and its heading in docs/lint.md. */
  readonly id: string;
  readonly title: string;
  /** One sentence: what harm it does. */
  readonly why: string;
  /** Where it is documented. */
  readonly source: string;
  begin(context: LintContext): Observer;
}

export const defineCheck = (check: LintCheck): LintCheck => check;

/** A check of the options alone, with or without data. */
export const defineSettingsCheck = (
  check: Omit<LintCheck, "begin"> & {
    readonly check: (settings: Settings, context: LintContext, seen: Seen) => LintVerdict;
  },
): LintCheck => ({
  id: check.id,
  title: check.title,
  why: check.why,
  source: check.source,
  begin: (context) => ({
    end: (seen) =>
      context.settings === null ? { missing: ["configuration"] } : check.check(context.settings, context, seen),
  }),
});

/** An advice that changes no setting: something to do to the data or the code. */
export const doThis = (id: string, summary: string, expect: string, source: string): Advice => ({
  id,
  summary,
  changes: [],
  dialect: null,
  expect,
  source,
});
