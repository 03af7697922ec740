import { quantile } from "../../../base/statistics.ts";
import type { LintDraft } from "../check.ts";
import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally, verb } from "../tally.ts";
import { estimateMargin, estimateTokens, ignored, tokensOf } from "../tokens.ts";

const source = "https://huggingface.co/docs/trl/reducing_memory_usage#truncation";

/** A few long rows are in all data; a twentieth of them are a limit that does not fit. */
const manyShare = 0.05;
const fewShare = 0.01;
/** Lengths kept for the quantile: the first so many rows say it well enough. */
const mostLengths = 200_000;

export const truncatedRows = defineCheck({
  id: "truncated-rows",
  title: "Rows are longer than the maximum length",
  why: "What is beyond the limit is cut off, or the row is dropped: the end of the answer, with its end token, is never learned.",
  source,
  begin({ maxLength, settings }) {
    const long = new Tally();
    const lost = new Tally();
    const lengths: number[] = [];
    let rows = 0;
    let isEstimate = false;
    return {
      row(row) {
        if (maxLength === null || row.broken !== null || row.file.role !== "train") return;
        if (row.shape === "prompt" || row.shape === "unknown") return;
        rows += 1;
        const limit = maxLength.tokens;
        const { tokens, isExact } = tokensOf(row);
        if (!isExact) isEstimate = true;
        if (lengths.length < mostLengths) lengths.push(tokens);
        if (tokens <= (isExact ? limit : limit * estimateMargin)) return;
        long.add(row);
        const isLost = isExact
          ? row.labels !== null && row.labels.findIndex((label) => label !== ignored) >= limit
          : row.prompt !== "" && estimateTokens(row.prompt) > limit * estimateMargin;
        if (isLost) lost.add(row);
      },
      end() {
        if (maxLength === null) return { missing: ["maximum length (configuration or --max-length)"] };
        if (rows === 0) return { missing: ["training data with texts or tokens"] };
        // Continued text is cut into blocks, nothing of it is lost.
        if (settings?.stage === "pretrain" || settings?.raw("packing_strategy") === "wrapped") return [];
        const drafts: LintDraft[] = [];
        const about = isEstimate ? "about " : "";
        const how = isEstimate ? " Estimated from the length of the text (4 characters a token)." : "";
        const needed = roundUp(quantile(lengths, 0.99));
        const change =
          settings === null || settings.keyOf("max_length") === undefined
            ? []
            : [settings.change("max_length", needed)];
        const advice = {
          id: "raise-maximum",
          summary:
            change.length === 0
              ? `Raise the maximum length to ${needed}, which 99% of the rows fit.`
              : "Raise the limit to what 99% of the rows fit, or shorten the rows.",
          changes: change,
          dialect: settings?.dialect ?? null,
          expect: "Answers end where their text ends.",
          source,
        };
        const where = maxLength.where ?? long.where;
        if (long.count >= rows * fewShare && long.count > 0)
          drafts.push({
            severity: long.count >= rows * manyShare ? "warning" : "info",
            message: `${about === "" ? "" : "About "}${shareText(long.count, rows)} ${verb(long.count, "is", "are")} longer than ${maxLength.tokens} tokens (${maxLength.why}).${how}`,
            where,
            also: maxLength.where === null ? long.also : [long.where, ...long.also].slice(0, 4),
            advice: [advice],
          });
        if (lost.count > 0 && lost.count >= rows * fewShare)
          drafts.push({
            severity: "warning",
            title: "Answers are cut off entirely",
            message: `In ${about}${shareText(lost.count, rows)} the question alone is longer than ${maxLength.tokens} tokens: the answer is lost, and with it every label.${how}`,
            where: lost.where,
            also: lost.also,
            advice: [
              doThis(
                "drop-long-prompts",
                "Remove these rows, or shorten their questions.",
                "Every row has labels.",
                source,
              ),
            ],
          });
        return drafts;
      },
    };
  },
});

/** The next multiple of 256 above. */
const roundUp = (tokens: number): number => Math.ceil((tokens * 1.05) / 256) * 256;
