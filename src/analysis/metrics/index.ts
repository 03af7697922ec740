import { accuracy } from "./accuracy.ts";
import { averagePrecision } from "./average-precision.ts";
import { bleu } from "./bleu.ts";
import { brier } from "./brier.ts";
import { chrf } from "./chrf.ts";
import { cohenKappa } from "./cohen-kappa.ts";
import { ece } from "./ece.ts";
import { f1 } from "./f1.ts";
import { logLoss } from "./log-loss.ts";
import { mae } from "./mae.ts";
import { mcc } from "./mcc.ts";
import { precision } from "./precision.ts";
import { r2 } from "./r2.ts";
import { recall } from "./recall.ts";
import { rmse } from "./rmse.ts";
import { rocAuc } from "./roc-auc.ts";
import { topK } from "./top-k.ts";
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
];
