import { z } from "zod";
import { Scalar } from "./config.ts";
import { WireNumber } from "./number.ts";

export const Severity = z.enum(["error", "warning", "info"]);
export type Severity = z.infer<typeof Severity>;

/** A point (or, with `series` null, a record or setting) that a person can check by eye. */
export const Evidence = z.object({
  series: z.string().nullable(),
  step: z.number().nullable(),
  value: WireNumber.nullable(),
  note: z.string(),
});
export type Evidence = z.infer<typeof Evidence>;

export const Cause = z.object({
  id: z.string(),
  statement: z.string(),
  likelihood: z.number().min(0).max(1),
  for: z.array(z.string()),
  against: z.array(z.string()),
});
export type Cause = z.infer<typeof Cause>;

/** One setting to change, in the option names that the user writes. `from` null: not known or not set. */
export const Change = z.object({ key: z.string(), from: Scalar, to: Scalar });
export type Change = z.infer<typeof Change>;

/** What became of an advice in later runs of the project; `run` is the newest that applied it. */
export const AdviceOutcome = z.object({
  state: z.enum(["applied", "helped", "did-not-help", "not-shown"]),
  run: z.string(),
  /** "eval_loss -0.21 [-0.25, -0.17], 3 seeds" */
  statement: z.string(),
  /** Helped, the fault is gone in every run, and no other metric got worse. */
  verified: z.boolean(),
  before: z.array(z.string()),
  after: z.array(z.string()),
});
export type AdviceOutcome = z.infer<typeof AdviceOutcome>;

export const Advice = z.object({
  id: z.string(),
  summary: z.string(),
  changes: z.array(Change),
  dialect: z.string().nullable(),
  expect: z.string(),
  source: z.string(),
  /** `structure` changes the model's code, which `snippet` shows; without it a setting or an action is meant. */
  kind: z.enum(["setting", "structure"]).optional(),
  snippet: z.object({ language: z.string(), text: z.string() }).optional(),
  outcome: AdviceOutcome.optional(),
});
export type Advice = z.infer<typeof Advice>;

const Onset = z.object({
  step: z.number().nullable(),
  time: z.number().optional(),
  layer: z.string().optional(),
  rank: z.number().optional(),
});

/** What another rule found of the same fault; it is told with its root and counts as no alarm of its own. */
export const Related = z.object({
  rule: z.string(),
  severity: Severity,
  title: z.string(),
  message: z.string(),
  onset: Onset,
});
export type Related = z.infer<typeof Related>;

export const Finding = z.object({
  rule: z.string(),
  severity: Severity,
  title: z.string(),
  message: z.string(),
  onset: Onset,
  end: z.object({ step: z.number() }).nullable(),
  recovered: z.boolean().nullable(),
  evidence: z.array(Evidence),
  causes: z.array(Cause),
  advice: z.array(Advice),
  /** The rest of its story: earliest first, and in the evidence as well. */
  related: z.array(Related).optional(),
});
export type Finding = z.infer<typeof Finding>;

/** A finding that was shown while the run went on and no longer holds. `step`: the last logged step when that was seen. */
export const Resolved = z.object({ finding: Finding, step: z.number().nullable(), reason: z.string() });
export type Resolved = z.infer<typeof Resolved>;
