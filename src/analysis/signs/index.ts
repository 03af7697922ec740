import type { Sign } from "../rule.ts";
import { announcedData } from "./announced-data.ts";
import { bothRewardsFall } from "./both-rewards-fall.ts";
import { briefGradPeaks } from "./brief-grad-peaks.ts";
import { evalBelowTrain } from "./eval-below-train.ts";
import { evalLossUpMetricBetter } from "./eval-loss-up-metric-better.ts";
import { harderTask } from "./harder-task.ts";
import { largeStableGradNorm } from "./large-stable-grad-norm.ts";
import { noisySmallBatch } from "./noisy-small-batch.ts";
import { occasionalOverflow } from "./occasional-overflow.ts";
import { plateauAtTheEnd } from "./plateau-at-the-end.ts";
import { riseAfterRestart } from "./rise-after-restart.ts";
import { silenceAtTheEnd } from "./silence-at-the-end.ts";
import { startBelowChance } from "./start-below-chance.ts";
import { warmUpRise } from "./warm-up-rise.ts";
import { zeroPolicyLoss } from "./zero-policy-loss.ts";

/** What looks bad and is normal. */
export const signs: readonly Sign[] = [
  zeroPolicyLoss,
  largeStableGradNorm,
  briefGradPeaks,
  occasionalOverflow,
  bothRewardsFall,
  warmUpRise,
  riseAfterRestart,
  harderTask,
  announcedData,
  plateauAtTheEnd,
  noisySmallBatch,
  startBelowChance,
  evalBelowTrain,
  evalLossUpMetricBetter,
  silenceAtTheEnd,
];
