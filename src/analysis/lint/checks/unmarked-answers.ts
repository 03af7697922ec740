import { defineCheck, doThis } from "../check.ts";

const source = "https://huggingface.co/docs/trl/sft_trainer#train-on-assistant-messages-only";

export const unmarkedAnswers = defineCheck({
  id: "unmarked-answers",
  title: "The chat template does not mark answers",
  why: "assistant_only_loss finds answers by {% generation %} in the template; without it every label is masked, or the run stops.",
  source,
  begin: ({ tokenizer, settings }) => ({
    end() {
      const template = tokenizer?.chatTemplate ?? null;
      if (
        settings === null ||
        tokenizer === null ||
        template === null ||
        settings.flag("assistant_only_loss") === undefined
      )
        return { missing: ["assistant_only_loss and a chat template"] };
      if (
        settings.flag("assistant_only_loss") !== true ||
        settings.value("chat_template") !== undefined ||
        /\{%-?\s*generation\b/.test(template)
      )
        return [];
      return [
        {
          severity: "warning",
          message:
            "assistant_only_loss is on, and the chat template has no {% generation %} block. TRL brings templates with it for some families only.",
          where: settings.where("assistant_only_loss"),
          advice: [
            doThis(
              "generation-block",
              "Put {% generation %} and {% endgeneration %} around the content of the assistant, or use prompt and completion columns.",
              "A share of the labels, not all, is -100.",
              source,
            ),
          ],
        },
      ];
    },
  }),
});
