import { defineCheck } from "../check.ts";
import { turnEnds } from "../tokenizer.ts";

const source = "https://huggingface.co/docs/trl/sft_trainer";

/** Tokens that end a document, and so no turn. Base models of these families carry chat templates that end turns with another one. */
const documentEnds = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>"];

export const turnEndIsNotEos = defineCheck({
  id: "turn-end-is-not-eos",
  title: "Turns end with another token than generation",
  why: "The model learns to say one end token, while generation waits for another: it does not stop.",
  source,
  begin: ({ tokenizer, settings }) => ({
    end({ shapes }) {
      if (tokenizer === null || tokenizer.chatTemplate === null || tokenizer.eos === null)
        return { missing: ["tokenizer files with a chat template"] };
      const { eos, chatTemplate } = tokenizer;
      const said = settings?.value("eos_token");
      if (said !== undefined || settings?.isUnknown("eos_token") === true) return [];
      if (chatTemplate.includes("eos_token") || chatTemplate.includes(eos) || !documentEnds.includes(eos)) return [];
      const end = turnEnds.find(
        (token) => token !== eos && !documentEnds.includes(token) && chatTemplate.includes(token),
      );
      if (end === undefined) return [];
      const id = tokenizer.ids.get(end);
      // Instruct models list both ends for generation.
      if (tokenizer.endIds !== null && (id === undefined || tokenizer.endIds.includes(id))) return [];
      // Only for Qwen is the pair documented as a fault without knowing what generation stops at.
      if (tokenizer.endIds === null && !(end === "<|im_end|>" && eos === "<|endoftext|>")) return [];
      return [
        {
          severity: shapes.has("messages") ? "warning" : "info",
          message: `The chat template ends turns with ${end}, but eos_token is ${eos}.`,
          where: { file: tokenizer.file, key: "eos_token" },
          advice: [
            {
              id: "eos-token",
              summary: `Make ${end} the end token of training and generation.`,
              changes: [{ key: settings?.keyOf("eos_token") ?? "eos_token", from: eos, to: end }],
              dialect: settings?.dialect ?? null,
              expect: "Generation stops at the end of the answer.",
              source,
            },
          ],
        },
      ];
    },
  }),
});
