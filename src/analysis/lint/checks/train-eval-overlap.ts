import type { LintDraft } from "../check.ts";
import { defineCheck, doThis } from "../check.ts";
import { keyOfRow } from "../row-key.ts";
import { shareText, Tally, verb } from "../tally.ts";
import { hashOf, HashTable } from "../text-hash.ts";

const source = "https://arxiv.org/abs/2107.06499";

/** From here on the evaluation says more about memory than about skill. */
const manyShare = 0.1;
const fewShare = 0.01;
/** Shorter questions ("Hello", "Continue.") are the same by chance. */
const shortestPrompt = 24;

export const trainEvalOverlap = defineCheck({
  id: "train-eval-overlap",
  title: "Evaluation rows are in the training data",
  why: "The evaluation then measures what was learned by heart, and overfitting stays unseen.",
  source,
  begin({ files }) {
    const hasBoth = new Set(files.map(({ role }) => role)).size > 1;
    const rows = new HashTable();
    const prompts = new HashTable();
    const same = new Tally();
    const asked = new Tally();
    let train = 0;
    let evaluated = 0;
    return {
      row(row) {
        if (row.broken !== null) return;
        const key = keyOfRow(row);
        const prompt = row.shape !== "prompt" && row.prompt.length >= shortestPrompt ? hashOf([row.prompt]) : undefined;
        if (row.file.role === "train") {
          train += 1;
          // Nothing to compare with: nothing is remembered.
          if (!hasBoth) return;
          rows.find(key, train);
          if (prompt !== undefined) prompts.find(prompt, train);
          return;
        }
        evaluated += 1;
        if (rows.find(key, 0, false) !== undefined) same.add(row);
        else if (prompt !== undefined && prompts.find(prompt, 0, false) !== undefined) asked.add(row);
      },
      end() {
        if (train === 0 || evaluated === 0) return { missing: [train === 0 ? "training data" : "evaluation data"] };
        const drafts: LintDraft[] = [];
        if (same.count > 0)
          drafts.push({
            severity:
              same.count >= evaluated * manyShare ? "error" : same.count >= evaluated * fewShare ? "warning" : "info",
            message: `${shareText(same.count, evaluated, "evaluation row")} ${verb(same.count, "is", "are")} in the training data too, but for case, spaces and punctuation.`,
            where: same.where,
            also: same.also,
            advice: [
              doThis(
                "separate-evaluation",
                "Remove them from the training data, and split by content rather than by row.",
                "A higher, and honest, evaluation loss.",
                source,
              ),
            ],
          });
        if (asked.count >= Math.max(3, evaluated * manyShare))
          drafts.push({
            severity: "info",
            title: "Evaluation asks what the training data answers",
            message: `The questions of ${shareText(asked.count, evaluated, "evaluation row")} are in the training data with another answer.`,
            where: asked.where,
            also: asked.also,
            advice: [
              doThis(
                "split-by-question",
                "Keep all answers to a question on one side of the split.",
                "The evaluation measures questions that are new.",
                source,
              ),
            ],
          });
        return drafts;
      },
    };
  },
});
