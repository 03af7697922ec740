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

export const Advice = z.object({
  id: z.string(),
  summary: z.string(),
  changes: z.array(Change),
  dialect: z.string().nullable(),
  expect: z.string(),
  source: z.string(),
});
export type Advice = z.infer<typeof Advice>;

export const Finding = z.object({
  rule: z.string(),
  severity: Severity,
  title: z.string(),
  message: z.string(),
  onset: z.object({
    step: z.number().nullable(),
    time: z.number().optional(),
    layer: z.string().optional(),
    rank: z.number().optional(),
  }),
  end: z.object({ step: z.number() }).nullable(),
  recovered: z.boolean().nullable(),
  evidence: z.array(Evidence),
  causes: z.array(Cause),
  advice: z.array(Advice),
});
export type Finding = z.infer<typeof Finding>;
