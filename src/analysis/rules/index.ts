import type { Rule } from "../rule.ts";
import { hiddenNonFiniteLoss } from "./hidden-non-finite-loss.ts";
import { maskedLabels } from "./masked-labels.ts";
import { nonFiniteLoss } from "./non-finite-loss.ts";

/** Every rule, in the order in which reports list them: what loses the run first. */
export const rules: readonly Rule[] = [nonFiniteLoss, hiddenNonFiniteLoss, maskedLabels];
