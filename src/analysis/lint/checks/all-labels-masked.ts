import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally } from "../tally.ts";
import { ignored } from "../tokens.ts";

const source = "https://github.com/unslothai/unsloth/issues/2095";

/** Single rows lose their answer to truncation; a twentieth is more than long rows explain. */
const manyShare = 0.05;

export const allLabelsMasked = defineCheck({
  id: "all-labels-masked",
  title: "Rows without a single label",
  why: "Where every label is -100 the row has no loss: nothing is learned from it, and a batch of such rows gives NaN or 0.",
  source,
  begin() {
    const masked = new Tally();
    let rows = 0;
    return {
      row(row) {
        if (row.labels === null) return;
        rows += 1;
        // The first label is never predicted: the loss is shifted by one.
        if (row.labels.every((label, i) => i === 0 || label === ignored)) masked.add(row);
      },
      end() {
        if (rows === 0) return { missing: ["tokenised data with labels"] };
        if (masked.count === 0) return [];
        const isAll = masked.count === rows;
        return [
          {
            severity: isAll ? "error" : masked.count >= rows * manyShare ? "warning" : "info",
            ...(isAll ? { title: "Every label is masked" } : {}),
            message: `All labels of ${shareText(masked.count, rows)} are -100${isAll ? ": the text that marks the answer was never found" : ""}.`,
            where: masked.where,
            also: masked.also,
            advice: [
              isAll
                ? doThis(
                    "response-template",
                    "Decode a row and compare the marker of the answer token by token with the one that is searched for; a leading space or newline makes other tokens.",
                    "Some labels of each row are not -100.",
                    source,
                  )
                : doThis(
                    "drop-masked",
                    "Remove these rows, or raise the maximum length: most often the answer was cut off.",
                    "Every row has labels.",
                    source,
                  ),
            ],
          },
        ];
      },
    };
  },
});
