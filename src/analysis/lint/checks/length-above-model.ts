import { defineCheck } from "../check.ts";

const source =
  "https://huggingface.co/docs/transformers/main_classes/tokenizer#transformers.PreTrainedTokenizerBase.model_max_length";

export const lengthAboveModel = defineCheck({
  id: "length-above-model",
  title: "Maximum length is beyond the model's",
  why: "Positions that the model was never trained on give garbage, or an index error.",
  source,
  begin: ({ tokenizer, settings, maxLength }) => ({
    end() {
      if (tokenizer?.maxLength === null || tokenizer === null || maxLength === null)
        return { missing: ["maximum length, and model_max_length in the tokenizer files"] };
      if (maxLength.tokens <= tokenizer.maxLength) return [];
      return [
        {
          severity: "warning",
          message: `Rows may have ${maxLength.tokens} tokens (${maxLength.why}); the tokenizer's model_max_length is ${tokenizer.maxLength}.`,
          where: maxLength.where ?? { file: tokenizer.file, key: "model_max_length" },
          advice:
            settings === null
              ? []
              : [
                  settings.advice({
                    id: "length-of-model",
                    summary: "Stay within the model's length, unless its positions are stretched on purpose.",
                    changes: [settings.change("max_length", tokenizer.maxLength)],
                    expect: "No position beyond the trained ones.",
                    source,
                  }),
                ],
        },
      ];
    },
  }),
});
