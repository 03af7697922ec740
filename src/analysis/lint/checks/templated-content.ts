import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally } from "../tally.ts";

const source = "https://huggingface.co/docs/transformers/chat_templating";

/** Control tokens of common chat formats. A text about chat formats may hold them; a twentieth of the rows do not discuss that. */
const control = /<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|<\|assistant\|>|\[INST\]|<\|begin_of_text\|>/;
const manyShare = 0.05;

export const templatedContent = defineCheck({
  id: "templated-content",
  title: "The text carries a chat template already",
  why: "The trainer applies the template again: roles and control tokens are then nested in each other.",
  source,
  begin() {
    const templated = new Tally();
    let rows = 0;
    let seen = "";
    return {
      row(row) {
        // Prompt and completion as plain text are trained as they are.
        if (row.shape !== "messages" && row.shape !== "instruction") return;
        rows += 1;
        const match = control.exec(row.prompt) ?? control.exec(row.answer);
        if (match === null) return;
        seen = match[0];
        templated.add(row);
      },
      end() {
        if (rows === 0) return { missing: ["conversations or instructions"] };
        if (templated.count < rows * manyShare || templated.count === 0) return [];
        return [
          {
            severity: "warning",
            message: `The texts of ${shareText(templated.count, rows)} hold control tokens such as ${seen}.`,
            where: templated.where,
            also: templated.also,
            advice: [
              doThis(
                "plain-content",
                "Keep roles and text only, and leave the control tokens to the template.",
                "Each control token stands once a turn.",
                source,
              ),
            ],
          },
        ];
      },
    };
  },
});
