import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally } from "../tally.ts";

const source = "https://github.com/unslothai/unsloth/issues/1290";
const manyShare = 0.05;

export const responseTemplateMissing = defineCheck({
  id: "response-template-missing",
  title: "The marker of the answer is not in the text",
  why: "Where the marker is not found all labels of the row are masked.",
  source,
  begin({ settings }) {
    const marker = settings?.word("response_template");
    const missing = new Tally();
    let rows = 0;
    return {
      row(row) {
        if (marker === undefined || row.shape !== "text") return;
        rows += 1;
        if (!row.answer.includes(marker)) missing.add(row);
      },
      end() {
        if (settings === null || marker === undefined)
          return { missing: ["response_template in the configuration or script"] };
        if (rows === 0) return { missing: ["data with a text column"] };
        if (missing.count === 0) return [];
        const isAll = missing.count === rows;
        return [
          {
            severity: isAll ? "error" : missing.count >= rows * manyShare ? "warning" : "info",
            message: `${JSON.stringify(marker)} is not in ${shareText(missing.count, rows)}${isAll ? ": every label will be masked" : ""}.`,
            where: settings.where("response_template"),
            also: [missing.where],
            advice: [
              doThis(
                "marker",
                "Take the marker from a rendered row, with its spaces and newlines.",
                "Some labels of each row are not -100.",
                source,
              ),
            ],
          },
        ];
      },
    };
  },
});
