import { defineAdvice, groupOf, isWorthAChange, percent } from "./advice-rule.ts";

export const noLoops = defineAdvice({
  id: "no-loops",
  advise(context) {
    const looping = groupOf(context, "looping");
    if (!isWorthAChange(looping)) return null;
    return {
      summary: `Forbid the model to say the same words again: ${looping.count} outputs (${percent(looping.share)}) go round in a loop.`,
      changes: [
        { key: "no_repeat_ngram_size", from: null, to: 4 },
        { key: "repetition_penalty", from: null, to: 1.1 },
      ],
      dialect: "transformers",
      expect:
        "No run of four words comes twice in an output. Try one of the two at a time; both also forbid repetitions that are right (lists, code, tables).",
      source:
        "https://arxiv.org/abs/1904.09751 (greedy and beam decoding fall into loops), https://arxiv.org/abs/1909.05858 (repetition_penalty, 1.2)",
    };
  },
});
