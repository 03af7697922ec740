import { accuracy } from "./accuracy.ts";
import { averagePrecision } from "./average-precision.ts";
import { bleu } from "./bleu.ts";
import { brier } from "./brier.ts";
import { chrf } from "./chrf.ts";
import { cohenKappa } from "./cohen-kappa.ts";
import { ece } from "./ece.ts";
import { exactMatch } from "./exact-match.ts";
import { f1 } from "./f1.ts";
import { logLoss } from "./log-loss.ts";
import { mae } from "./mae.ts";
import { mcc } from "./mcc.ts";
import { passAtK } from "./pass-at-k.ts";
import { perplexity } from "./perplexity.ts";
import { precision } from "./precision.ts";
import { r2 } from "./r2.ts";
import { recall } from "./recall.ts";
import { rmse } from "./rmse.ts";
import { rocAuc } from "./roc-auc.ts";
import { rouge } from "./rouge.ts";
import { spanF1 } from "./span-f1.ts";
import { ter } from "./ter.ts";
import { tokenF1 } from "./token-f1.ts";
import { topK } from "./top-k.ts";
import { wer } from "./wer.ts";
import type { Metric } from "../metric.ts";

/** In the order in which they are printed. A test compares this list with the folder. */
export const metrics: readonly Metric[] = [
  accuracy,
  precision,
  recall,
  f1,
  mcc,
  cohenKappa,
  rocAuc,
  averagePrecision,
  logLoss,
  brier,
  ece,
  topK,
  mae,
  rmse,
  r2,
  bleu,
  chrf,
  ter,
  rouge,
  exactMatch,
  tokenF1,
  spanF1,
  perplexity,
  wer,
  passAtK,
];
