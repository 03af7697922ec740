import { defineCheck, doThis } from "../check.ts";
import { keyOfRow } from "../row-key.ts";
import { shareText, Tally, verb } from "../tally.ts";
import { HashTable, mostRemembered } from "../text-hash.ts";

const source = "https://arxiv.org/abs/2107.06499";

/** Web collections hold 0.5 to 5% near-duplicates ("Deduplicating Training Data Makes Language Models Better"); below, it is ordinary. */
const ordinaryShare = 0.005;
const manyShare = 0.05;
const fewest = 3;

export const duplicatedRows = defineCheck({
  id: "duplicated-rows",
  title: "Rows are in the training data more than once",
  why: "Repeated rows are learned by heart: each copy counts as another epoch of that row.",
  source,
  begin() {
    const table = new HashTable();
    const again = new Tally();
    let rows = 0;
    let exact = 0;
    return {
      row(row) {
        if (row.file.role !== "train" || row.broken !== null) return;
        // Prompts of reinforcement are often sampled with repetition.
        if (row.shape === "prompt" || row.shape === "unpaired-preference") return;
        const found = table.find(keyOfRow(row), rows);
        rows += 1;
        if (found === undefined) return;
        again.add(row);
        if (found.isExact) exact += 1;
      },
      end() {
        if (rows === 0) return { missing: ["training data"] };
        if (again.count < fewest || again.count < rows * ordinaryShare) return [];
        const bound = table.isFull
          ? ` Looked for among the first ${mostRemembered.toLocaleString("en-US")} different rows.`
          : "";
        const how =
          exact === again.count
            ? "word for word"
            : exact === 0
              ? "but for case, spaces and punctuation"
              : `${exact.toLocaleString("en-US")} of them word for word, the others but for case, spaces and punctuation`;
        return [
          {
            severity: again.count >= rows * manyShare ? "warning" : "info",
            message: `${shareText(again.count, rows)} ${verb(again.count, "repeats", "repeat")} an earlier row, ${how}.${bound}`,
            where: again.where,
            also: again.also,
            advice: [
              doThis(
                "deduplicate",
                "Keep one of each, unless they are repeated on purpose.",
                "A lower evaluation loss at the same number of steps.",
                source,
              ),
            ],
          },
        ];
      },
    };
  },
});
