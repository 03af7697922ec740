import type { LintCheck } from "../check.ts";
import { allLabelsMasked } from "./all-labels-masked.ts";
import { attentionOnlyLora } from "./attention-only-lora.ts";
import { bestModelUnknown } from "./best-model-unknown.ts";
import { brokenRows } from "./broken-rows.ts";
import { chatTemplateMissing } from "./chat-template-missing.ts";
import { dataBarelySeen } from "./data-barely-seen.ts";
import { deepspeedBatch } from "./deepspeed-batch.ts";
import { deepspeedMismatch } from "./deepspeed-mismatch.ts";
import { doubleBos } from "./double-bos.ts";
import { duplicatedRows } from "./duplicated-rows.ts";
import { emptyAnswers } from "./empty-answers.ts";
import { eosNeverTrained } from "./eos-never-trained.ts";
import { fp16OnBf16Model } from "./fp16-on-bf16-model.ts";
import { fullLearningRate } from "./full-learning-rate.ts";
import { groupIndivisible } from "./group-indivisible.ts";
import { identicalPairs } from "./identical-pairs.ts";
import { impossibleNumber } from "./impossible-number.ts";
import { intervalBeyondEnd } from "./interval-beyond-end.ts";
import { learningRateExtreme } from "./learning-rate-extreme.ts";
import { lengthAboveModel } from "./length-above-model.ts";
import { longWarmup } from "./long-warmup.ts";
import { loraBatch } from "./lora-batch.ts";
import { loraLearningRate } from "./lora-learning-rate.ts";
import { loraScale } from "./lora-scale.ts";
import { manyEpochs } from "./many-epochs.ts";
import { misspelledOption } from "./misspelled-option.ts";
import { mixedShapes } from "./mixed-shapes.ts";
import { packingMixesRows } from "./packing-mixes-rows.ts";
import { paddingInLabels } from "./padding-in-labels.ts";
import { paddingIsEos } from "./padding-is-eos.ts";
import { precisionConflict } from "./precision-conflict.ts";
import { preferenceBeta } from "./preference-beta.ts";
import { quantisedWithoutAdapter } from "./quantised-without-adapter.ts";
import { renamedOption } from "./renamed-option.ts";
import { repeatedKey } from "./repeated-key.ts";
import { responseTemplateMissing } from "./response-template-missing.ts";
import { roleOrder } from "./role-order.ts";
import { templatedContent } from "./templated-content.ts";
import { tokenOutOfRange } from "./token-out-of-range.ts";
import { trainEvalOverlap } from "./train-eval-overlap.ts";
import { truncatedRows } from "./truncated-rows.ts";
import { turnEndIsNotEos } from "./turn-end-is-not-eos.ts";
import { unequalLengths } from "./unequal-lengths.ts";
import { unmarkedAnswers } from "./unmarked-answers.ts";

/** From the configuration over the tokenizer to the data, as a person would look. A test compares this list with the folder. */
export const checks: readonly LintCheck[] = [
  repeatedKey,
  misspelledOption,
  renamedOption,
  impossibleNumber,
  learningRateExtreme,
  loraLearningRate,
  fullLearningRate,
  loraScale,
  attentionOnlyLora,
  quantisedWithoutAdapter,
  precisionConflict,
  fp16OnBf16Model,
  deepspeedBatch,
  deepspeedMismatch,
  loraBatch,
  groupIndivisible,
  preferenceBeta,
  longWarmup,
  bestModelUnknown,
  intervalBeyondEnd,
  dataBarelySeen,
  manyEpochs,
  packingMixesRows,
  lengthAboveModel,
  chatTemplateMissing,
  unmarkedAnswers,
  turnEndIsNotEos,
  eosNeverTrained,
  paddingIsEos,
  doubleBos,
  responseTemplateMissing,
  brokenRows,
  mixedShapes,
  emptyAnswers,
  roleOrder,
  templatedContent,
  identicalPairs,
  duplicatedRows,
  trainEvalOverlap,
  truncatedRows,
  allLabelsMasked,
  unequalLengths,
  paddingInLabels,
  tokenOutOfRange,
];
