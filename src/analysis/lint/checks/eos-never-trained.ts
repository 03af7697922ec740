import type { LintDraft } from "../check.ts";
import { defineCheck, doThis } from "../check.ts";
import { Tally, percent, shareText } from "../tally.ts";
import { turnEnds } from "../tokenizer.ts";
import { ignored } from "../tokens.ts";

const source = "https://huggingface.co/docs/trl/sft_trainer#train-on-assistant-messages-only";

/** Blocks of equal length hold text of any place; among so many some text ends. */
const leastBlocks = 50;

export const eosNeverTrained = defineCheck({
  id: "eos-never-trained",
  title: "The end of an answer is never learned",
  why: "A model that never sees the end token as a label does not stop when it generates.",
  source,
  begin({ tokenizer, maxLength }) {
    const ends = new Set(tokenizer?.endIds ?? []);
    for (const text of [tokenizer?.eos, ...turnEnds]) {
      const id = text === null || text === undefined ? undefined : tokenizer?.ids.get(text);
      // Padding often has the id of another token's name; only what ends a turn counts.
      if (id !== undefined && !(text === tokenizer?.pad && text !== tokenizer?.eos)) ends.add(id);
    }
    const without = new Tally();
    let withLabels = 0;
    let masked = 0;
    let tokenised = 0;
    let isBlocks = true;
    let length = -1;
    let conversations = 0;
    return {
      row(row) {
        if (row.shape === "messages") conversations += 1;
        if (row.inputIds === null || row.file.role !== "train") return;
        tokenised += 1;
        if (length >= 0 && row.inputIds.length !== length) isBlocks = false;
        length = row.inputIds.length;
        if (row.labels !== null) isBlocks = false;
        // A row that fills the limit was most likely cut before its end.
        if (maxLength !== null && row.inputIds.length >= maxLength.tokens && row.labels !== null) return;
        const labels = row.labels ?? row.inputIds;
        if (labels.every((label) => label === ignored)) return;
        withLabels += 1;
        if (labels.some((label) => ends.has(label))) return;
        without.add(row);
        if (row.labels !== null && row.inputIds.some((id) => ends.has(id))) masked += 1;
      },
      end() {
        const drafts: LintDraft[] = [];
        const template = tokenizer?.chatTemplate ?? null;
        if (
          tokenizer !== null &&
          template !== null &&
          tokenised === 0 &&
          !endsTurns(template, [...tokenizer.ids.keys(), tokenizer.eos ?? ""])
        )
          drafts.push({
            severity: conversations > 0 ? "error" : "warning",
            message: `The chat template ends no turn: neither eos_token (${tokenizer.eos ?? "not set"}) nor another end token is in it.`,
            where: { file: tokenizer.file, key: "chat_template" },
            advice: [
              doThis(
                "end-token",
                "Put eos_token after the content of each turn of the assistant.",
                "Generation stops by itself.",
                source,
              ),
            ],
          });
        if (tokenised === 0)
          return template === null ? { missing: ["tokenised data and tokenizer files, or a chat template"] } : drafts;
        if (ends.size === 0) return { missing: ["tokenizer files, for the id of the end token"] };
        if (withLabels === 0)
          return drafts.length > 0 ? drafts : { missing: ["rows that end before the maximum length"] };
        const isNone = without.count === withLabels;
        // Text in blocks of one length: the end of a document is rarely in a block.
        if (isBlocks && tokenised > 1 && (!isNone || tokenised < leastBlocks)) return drafts;
        if (!isNone && without.count < withLabels * 0.5) return drafts;
        const ids = [...ends].join(", ");
        drafts.push({
          severity: isNone && !isBlocks ? "error" : "warning",
          ...(isNone ? {} : { title: "The end of many answers is never learned" }),
          message: `${isNone ? "No" : `Only ${percent((withLabels - without.count) / withLabels)} of`} training row${isNone ? "" : "s"}${isNone ? ` of ${withLabels.toLocaleString("en-US")}` : ""} ${isNone ? "has" : "have"} an end token (id ${ids}) among ${isNone ? "its" : "their"} labels.${masked > 0 ? ` It is in the input of ${shareText(masked, withLabels)} and masked there, as happens where the padding token is the end token.` : ""}`,
          where: without.where,
          also: without.also,
          advice: [
            masked > 0
              ? doThis(
                  "own-padding-token",
                  "Give padding a token of its own, and mask labels by attention_mask instead of by token.",
                  "The last label of a row is the end token.",
                  "https://github.com/huggingface/trl/issues/976",
                )
              : doThis(
                  "append-eos",
                  "Append the end token to each answer before tokenising.",
                  "The last label of a row is the end token.",
                  source,
                ),
          ],
        });
        return drafts;
      },
    };
  },
});

function endsTurns(template: string, tokens: readonly string[]): boolean {
  if (/eos_token/.test(template) || turnEnds.some((end) => template.includes(end))) return true;
  return tokens.some((token) => /end|eos|eot|eom|stop|sep|\/s/i.test(token) && template.includes(token));
}
