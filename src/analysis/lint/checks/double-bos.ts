import type { LintDraft } from "../check.ts";
import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally, verb } from "../tally.ts";

const source = "https://huggingface.co/docs/transformers/chat_templating#applychattemplate";

export const doubleBos = defineCheck({
  id: "double-bos",
  title: "Two begin tokens in a row",
  why: "The model never saw two of them; what it learned about the begin of a text does not apply.",
  source,
  begin({ tokenizer, settings }) {
    const bos = tokenizer?.bos ?? null;
    const id = bos === null ? undefined : tokenizer?.ids.get(bos);
    const double = new Tally();
    const written = new Tally();
    let tokenised = 0;
    let texts = 0;
    return {
      row(row) {
        if (row.inputIds !== null) {
          tokenised += 1;
          const first = row.inputIds.findIndex((_, i) => row.attentionMask?.[i] !== 0);
          if (id !== undefined && row.inputIds[first] === id && row.inputIds[first + 1] === id) double.add(row);
        } else if (row.broken === null && row.shape !== "messages" && row.shape !== "unknown") {
          texts += 1;
          const text = row.prompt === "" ? row.answer : row.prompt;
          if (bos !== null && text.startsWith(bos)) written.add(row);
        }
      },
      end() {
        if (tokenizer === null) return { missing: ["tokenizer files"] };
        if (bos === null) return [];
        const drafts: LintDraft[] = [];
        if (double.count > 0)
          drafts.push({
            severity: double.count * 2 >= tokenised ? "error" : "warning",
            message: `${shareText(double.count, tokenised)} ${verb(double.count, "begins", "begin")} with ${bos} twice (id ${id}).`,
            where: double.where,
            also: double.also,
            advice: [
              doThis(
                "tokenise-once",
                "The template writes the begin token: tokenise its text with add_special_tokens=False.",
                "Rows begin with one begin token.",
                source,
              ),
            ],
          });
        if (written.count > 0 && tokenizer.addsBos === true)
          drafts.push({
            severity: "warning",
            message: `${shareText(written.count, texts)} ${verb(written.count, "begins", "begin")} with ${bos}, and the tokenizer puts another one in front.`,
            where: written.where,
            also: written.also,
            advice: [
              doThis(
                "strip-bos",
                `Take ${bos} out of the text, or tokenise with add_special_tokens=False.`,
                "Rows begin with one begin token.",
                source,
              ),
            ],
          });
        const template = tokenizer.chatTemplate ?? "";
        const rendersText =
          settings !== null && /apply_chat_template\s*\([^)]*tokenize\s*=\s*False/s.test(settings.text);
        if (
          rendersText &&
          tokenizer.addsBos === true &&
          (template.includes("bos_token") || template.includes(bos)) &&
          !/add_special_tokens\s*=\s*False/.test(settings.text)
        )
          drafts.push({
            severity: "warning",
            message: `The script renders the chat template as text, which begins with ${bos}; the tokenizer then puts another one in front.`,
            where: { file: settings.file, key: "apply_chat_template" },
            advice: [
              doThis(
                "messages-column",
                "Give the trainer the messages and let it apply the template, or tokenise with add_special_tokens=False.",
                "Rows begin with one begin token.",
                source,
              ),
            ],
          });
        return drafts;
      },
    };
  },
});
