import type { DataCheck } from "../data-check.ts";
import { conflictingLabels } from "./conflicting-labels.ts";
import { copiedReferences } from "./copied-references.ts";
import { damagedText } from "./damaged-text.ts";
import { duplicateIds } from "./duplicate-ids.ts";
import { duplicatedInputs } from "./duplicated-inputs.ts";
import { foreignLabels } from "./foreign-labels.ts";
import { likelyLabelErrors } from "./likely-label-errors.ts";
import { missingPredictions } from "./missing-predictions.ts";
import { missingReferences } from "./missing-references.ts";
import { trainingOverlap } from "./training-overlap.ts";
import { unreadableRows } from "./unreadable-rows.ts";
import { untidyLabels } from "./untidy-labels.ts";

/** In the order in which they are said among those of one severity. A test compares this list with the folder. */
export const dataFaults: readonly DataCheck[] = [
  unreadableRows,
  missingReferences,
  missingPredictions,
  duplicateIds,
  untidyLabels,
  foreignLabels,
  damagedText,
  trainingOverlap,
  copiedReferences,
  conflictingLabels,
  duplicatedInputs,
  likelyLabelErrors,
];
