import type { Advice } from "../../../model/finding.ts";
import type { AdviceContext, AdviceRule } from "./advice-rule.ts";
import { classWeights } from "./class-weights.ts";
import { constrainedAnswers } from "./constrained-answers.ts";
import { dataOfSlice } from "./data-of-slice.ts";
import { longerOutputs } from "./longer-outputs.ts";
import { noLoops } from "./no-loops.ts";
import { threshold } from "./threshold.ts";

/** What costs least first: decoding, thresholds, weights, then data. */
const rules: readonly AdviceRule[] = [longerOutputs, noLoops, constrainedAnswers, threshold, classWeights, dataOfSlice];

export const adviceFor = (context: AdviceContext): Advice[] =>
  rules.flatMap((rule) => {
    const advice = rule.advise(context);
    return advice === null ? [] : [{ id: rule.id, ...advice }];
  });
