import { z } from "zod";
import { Scalar } from "./config.ts";
import { Severity } from "./finding.ts";
import { WireNumber } from "./number.ts";

/** `not-shown`: the runs cannot tell. It is no "no". */
export const Verdict = z.enum(["helped", "did-not-help", "not-shown"]);
export type Verdict = z.infer<typeof Verdict>;

/** How far a change that was advised is in force: `partly` is the advised direction, not the advised value. */
export const ChangeState = z.enum(["applied", "partly", "not-applied", "unknown"]);
export type ChangeState = z.infer<typeof ChangeState>;

export const ObservedChange = z.object({
  key: z.string(),
  /** What was advised. */
  to: Scalar,
  /** In force before and after, `null` where not set or not recorded. */
  was: Scalar,
  now: Scalar,
  state: ChangeState,
  /** Where it was seen. */
  seenIn: z.enum(["configuration", "metrics", "code"]).nullable(),
});
export type ObservedChange = z.infer<typeof ObservedChange>;

export const AppliedAdvice = z.object({
  rule: z.string(),
  advice: z.string(),
  summary: z.string(),
  state: ChangeState,
  changes: z.array(ObservedChange),
});
export type AppliedAdvice = z.infer<typeof AppliedAdvice>;

/** One setting that differs and that no advice asked for. */
export const OtherChange = z.object({ key: z.string(), from: Scalar, to: Scalar });
export type OtherChange = z.infer<typeof OtherChange>;

export const CodeChange = z.object({
  state: z.enum(["same", "changed", "unknown"]),
  note: z.string(),
  /** Files whose uncommitted changes differ. */
  files: z.array(z.string()),
});
export type CodeChange = z.infer<typeof CodeChange>;

/** A metric before and after: `difference` is after minus before, with its interval at `level`. */
export const Comparison = z.object({
  metric: z.string(),
  better: z.enum(["lower", "higher"]),
  /** The step at which all runs are compared; null: each at its end. */
  step: z.number().nullable(),
  before: z.object({ n: z.number(), mean: WireNumber }),
  after: z.object({ n: z.number(), mean: WireNumber }),
  difference: WireNumber,
  low: WireNumber.nullable(),
  high: WireNumber.nullable(),
  level: z.number(),
  design: z.enum(["paired", "unpaired", "too-few"]),
  /** Pairs, or runs of the smaller side. */
  n: z.number(),
  /** Of the exact permutation test, two-sided; null where so few runs cannot reach 1 - level. */
  p: z.number().nullable(),
  /** Standard deviation below which the spread of a few runs is not believed; see docs/verify.md. */
  noiseFloor: WireNumber,
  state: z.enum(["better", "worse", "no-difference", "too-few"]),
});
export type Comparison = z.infer<typeof Comparison>;

export const ComparedRun = z.object({
  id: z.string().nullable(),
  name: z.string(),
  seed: z.union([z.number(), z.string()]).nullable(),
  value: WireNumber.nullable(),
  /** Why `value` is not simply what was logged. */
  note: z.string().nullable(),
});
export type ComparedRun = z.infer<typeof ComparedRun>;

export const FaultChange = z.object({
  rule: z.string(),
  title: z.string(),
  severity: Severity,
  /** In how many of how many runs. */
  before: z.object({ found: z.number(), of: z.number() }),
  after: z.object({ found: z.number(), of: z.number() }),
  state: z.enum(["gone", "still-there", "in-some", "new", "not-checked"]),
});
export type FaultChange = z.infer<typeof FaultChange>;

/** What `llmdbg verify --json` prints. Published as docs/schemas/verification-1.json. */
export const Verification = z.object({
  schema: z.literal("llmdbg.verification/1"),
  verdict: Verdict,
  /** The verdict in a sentence. */
  statement: z.string(),
  reasons: z.array(z.string()),
  comparison: Comparison.nullable(),
  before: z.array(ComparedRun),
  after: z.array(ComparedRun),
  faults: z.array(FaultChange),
  applied: z.array(AppliedAdvice),
  otherChanges: z.array(OtherChange),
  code: CodeChange,
  guards: z.array(Comparison),
  /** Runs that are missing for an answer, as commands where they can be told. */
  next: z.array(
    z.object({
      side: z.enum(["before", "after"]),
      seed: z.union([z.number(), z.string()]),
      command: z.string().nullable(),
    }),
  ),
});
export type Verification = z.infer<typeof Verification>;

/** Helped, every fault of before is gone, none is new, and no other metric got worse: what a person may call fixed. */
export const isVerified = ({ verdict, faults, guards }: Verification): boolean =>
  verdict === "helped" &&
  faults.every(({ state }) => state === "gone") &&
  guards.every(({ state }) => state !== "worse");
