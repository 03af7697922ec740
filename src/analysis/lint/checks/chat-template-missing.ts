import { defineCheck, doThis } from "../check.ts";

const source = "https://huggingface.co/docs/transformers/chat_templating";

export const chatTemplateMissing = defineCheck({
  id: "chat-template-missing",
  title: "Conversations, but no chat template",
  why: "Since transformers 4.44 there is no default template: the first row raises an exception.",
  source,
  begin: ({ tokenizer, settings }) => ({
    end({ shapes }) {
      if (tokenizer === null || !shapes.has("messages")) return { missing: ["tokenizer files and conversations"] };
      const isSet =
        settings !== null &&
        (settings.value("chat_template") !== undefined ||
          settings.isUnknown("chat_template") ||
          /chat_template\s*=|setup_chat_format|clone_chat_template|get_chat_template/.test(settings.text));
      // LLaMA-Factory and torchtune bring templates of their own.
      const isOwn = settings !== null && (settings.dialect === "llama-factory" || settings.dialect === "torchtune");
      if (tokenizer.chatTemplate !== null || isSet || isOwn) return [];
      const change = settings?.keyOf("chat_template");
      return [
        {
          severity: "error",
          message: "The rows are conversations, and neither the tokenizer nor the configuration has a chat template.",
          where: { file: tokenizer.file, key: "chat_template" },
          advice: [
            settings === null || change === undefined || settings.origin === "script"
              ? doThis(
                  "chat-template",
                  "Set tokenizer.chat_template, or take the instruct model's tokenizer.",
                  "The first row renders.",
                  source,
                )
              : settings.advice({
                  id: "chat-template",
                  summary: "Set a chat template.",
                  changes: [
                    settings.change(
                      "chat_template",
                      settings.dialect === "axolotl" ? "chatml" : "path/to/template.jinja",
                    ),
                  ],
                  expect: "The first row renders.",
                  source,
                }),
          ],
        },
      ];
    },
  }),
});
