import { defineAdvice, groupOf, isWorthAChange, percent } from "./advice-rule.ts";

export const constrainedAnswers = defineAdvice({
  id: "constrained-answers",
  advise(context) {
    const refused = groupOf(context, "refusal");
    const invalid = groupOf(context, "invalid-json");
    const seen = invalid.count > refused.count ? invalid : refused;
    if (!isWorthAChange(seen)) return null;
    return seen === invalid
      ? {
          summary: `Constrain decoding to the JSON schema: ${seen.count} outputs (${percent(seen.share)}) are not valid JSON.`,
          changes: [],
          dialect: null,
          expect: "Every output parses. What is in it can still be wrong.",
          source: "https://docs.vllm.ai/en/latest/features/structured_outputs.html",
        }
      : {
          summary: `Ask for the answer alone: ${seen.count} outputs (${percent(seen.share)}) refuse, or talk to the user instead of answering.`,
          changes: [],
          dialect: null,
          expect:
            "Show two or three answered examples in the prompt, and use the chat template that the model was trained with. Measure again: a prompt changes all outputs.",
          source: "https://arxiv.org/abs/2005.14165 (answers in the form of the examples in the prompt)",
        };
  },
});
