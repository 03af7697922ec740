import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally } from "../tally.ts";

const source = "https://huggingface.co/docs/datasets/loading#json";

export const brokenRows = defineCheck({
  id: "broken-rows",
  title: "Rows cannot be read",
  why: "The data loader stops at such a row, or skips it without a word.",
  source,
  begin({ files }) {
    const broken = new Tally();
    let reason = "";
    return {
      row(row) {
        if (row.broken === null) return;
        if (broken.count === 0) reason = row.broken;
        broken.add(row);
      },
      end({ train, eval: evaluation }) {
        if (files.length === 0) return { missing: ["data"] };
        if (broken.count === 0) return [];
        return [
          {
            severity: "error",
            message: `${shareText(broken.count, train + evaluation)} cannot be read. The first: ${reason}.`,
            where: broken.where,
            also: broken.also,
            advice: [doThis("repair-rows", "Repair or remove these rows.", "The loader reads every row.", source)],
          },
        ];
      },
    };
  },
});
