import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally } from "../tally.ts";

const source = "https://huggingface.co/docs/transformers/main_classes/data_collator";

export const unequalLengths = defineCheck({
  id: "unequal-lengths",
  title: "Labels do not line up with their tokens",
  why: "input_ids, labels and attention_mask must have one length; the collator fails, or labels belong to other tokens.",
  source,
  begin() {
    const unequal = new Tally();
    let rows = 0;
    return {
      row(row) {
        if (row.inputIds === null || (row.labels === null && row.attentionMask === null)) return;
        rows += 1;
        const { length } = row.inputIds;
        // Encoder-decoder models have a target of its own length; their labels are never masked by position.
        if (
          (row.attentionMask !== null && row.attentionMask.length !== length) ||
          (row.labels !== null &&
            row.labels.length !== length &&
            row.columns.includes("attention_mask") &&
            row.labels.includes(-100))
        )
          unequal.add(row);
      },
      end() {
        if (rows === 0) return { missing: ["tokenised data with labels or attention_mask"] };
        if (unequal.count === 0) return [];
        return [
          {
            severity: "error",
            message: `In ${shareText(unequal.count, rows)} input_ids, labels and attention_mask have different lengths.`,
            where: unequal.where,
            also: unequal.also,
            advice: [
              doThis(
                "equal-lengths",
                "Cut and pad all three columns together.",
                "The collator builds a batch.",
                source,
              ),
            ],
          },
        ];
      },
    };
  },
});
