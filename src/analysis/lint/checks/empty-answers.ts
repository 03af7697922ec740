import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally, verb } from "../tally.ts";

const source = "https://huggingface.co/docs/trl/dataset_formats";

/** Single rows without an answer are in most collections (Alpaca has 28 of 52,002); 1% is no accident. */
const manyShare = 0.01;

export const emptyAnswers = defineCheck({
  id: "empty-answers",
  title: "Rows without an answer",
  why: "Such a row teaches to say nothing, or has no label at all.",
  source,
  begin() {
    const empty = new Tally();
    let rows = 0;
    return {
      row({ ...row }) {
        if (row.broken !== null || row.shape === "unknown" || row.shape === "tokenized" || row.shape === "prompt")
          return;
        rows += 1;
        const calls = row.messages?.some(({ role, hasCalls }) => role === "assistant" && hasCalls) === true;
        // Without any turn of the assistant it is a fault of the roles.
        const isSilent = row.shape === "messages" && row.messages?.some(({ role }) => role === "assistant") !== true;
        if (row.answer.trim() === "" && !calls && !isSilent) empty.add(row);
      },
      end() {
        if (rows === 0) return { missing: ["data with answers"] };
        if (empty.count === 0) return [];
        return [
          {
            severity: empty.count >= rows * manyShare ? "warning" : "info",
            message: `${shareText(empty.count, rows)} ${verb(empty.count, "has", "have")} an empty answer.`,
            where: empty.where,
            also: empty.also,
            advice: [doThis("drop-empty", "Remove them.", "Every row has labels.", source)],
          },
        ];
      },
    };
  },
});
