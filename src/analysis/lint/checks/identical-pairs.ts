import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally } from "../tally.ts";

const source = "https://huggingface.co/docs/trl/dpo_trainer";

/** A pair without a difference has gradient 0 and does no other harm; a twentieth of them is a fault of the pairing. */
const manyShare = 0.05;

export const identicalPairs = defineCheck({
  id: "identical-pairs",
  title: "Chosen and rejected are the same",
  why: "Such a pair prefers nothing: its gradient is 0.",
  source,
  begin() {
    const same = new Tally();
    let rows = 0;
    return {
      row(row) {
        if (row.shape !== "preference") return;
        rows += 1;
        if (row.answer.trim() === row.rejected?.trim()) same.add(row);
      },
      end() {
        if (rows === 0) return { missing: ["preference data (chosen, rejected)"] };
        if (same.count === 0) return [];
        return [
          {
            severity: same.count === rows ? "error" : same.count >= rows * manyShare ? "warning" : "info",
            message: `In ${shareText(same.count, rows)} chosen and rejected are the same text.`,
            where: same.where,
            also: same.also,
            advice: [doThis("drop-ties", "Remove these pairs.", "rewards/margins moves with every batch.", source)],
          },
        ];
      },
    };
  },
});
