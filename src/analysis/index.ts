/** The diagnosis engine: what the server, the command line and the browser call. */
export { listedCauses } from "./causes.ts";
export { createDiagnosis, type Diagnosis, type Outcome } from "./diagnose.ts";
export { emptyLedger, follow, LedgerState, withResolved } from "./ledger.ts";
export { patchesOf, patchOf, type Patch } from "./patches/patch.ts";
export { toReport } from "./report.ts";
export { defineRule, type Explanation, type Rule, type Sign } from "./rule.ts";
export { RunData, type RunInfo, type SeriesData } from "./run-data.ts";
export { rules } from "./rules/index.ts";
export { isAnalysed, isLayerSeries } from "./signals.ts";
export type { Configured } from "./verify/applied.ts";
export { signs } from "./signs/index.ts";
export type { JudgedRun } from "./verify/judged-run.ts";
export { differenceText, numberText } from "./verify/words.ts";
export { verifyRuns, type VerifyOptions } from "./verify/verify.ts";
export { adviceOutcomes, anyFollowed } from "./verify/advice-outcomes.ts";
export { adviceKey, rankAdvice, type AdviceHistory, type TrackRecord } from "./verify/rank-advice.ts";
export { settingsKey } from "./verify/same-settings.ts";
export { directionOf, isLearningRate } from "./verify/metric.ts";
