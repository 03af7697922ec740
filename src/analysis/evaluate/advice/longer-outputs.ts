import { defineAdvice, groupOf, isWorthAChange, percent } from "./advice-rule.ts";
import { median } from "../../../base/statistics.ts";

export const longerOutputs = defineAdvice({
  id: "longer-outputs",
  advise(context) {
    const stopped = context.examples.filter(({ attributes }) => {
      const reason = attributes.get("stop reason") ?? attributes.get("finish_reason");
      return reason === "max_tokens" || reason === "length";
    });
    const cut = groupOf(context, "cut-short");
    const seen =
      stopped.length >= cut.count ? { count: stopped.length, share: stopped.length / context.examples.length } : cut;
    if (!isWorthAChange(seen)) return null;
    const tokens = stopped.flatMap(({ outputTokens }) => (outputTokens === null ? [] : [outputTokens]));
    const limit = tokens.length === 0 ? null : median(tokens);
    return {
      summary: `Let the model finish: ${seen.count} outputs (${percent(seen.share)}) break off before their end.`,
      changes: [
        {
          key: "max_new_tokens",
          from: limit,
          to: limit === null ? "the longest reference in tokens, and a tenth more" : 2 * limit,
        },
      ],
      dialect: "transformers",
      expect:
        "These outputs end by themselves. If they still break off, the training targets were cut: raise the length to which they are truncated.",
      source:
        "https://huggingface.co/docs/transformers/main_classes/text_generation (max_new_tokens; generate stops at 20 new tokens by default)",
    };
  },
});
