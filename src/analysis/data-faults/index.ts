import type { DataCheck } from "../data-check.ts";
import { duplicateIds } from "./duplicate-ids.ts";
import { missingPredictions } from "./missing-predictions.ts";
import { missingReferences } from "./missing-references.ts";

/** In the order in which they are said. A test compares this list with the folder. */
export const dataFaults: readonly DataCheck[] = [missingReferences, missingPredictions, duplicateIds];
