import { defineCheck, doThis } from "../check.ts";

const source = "https://github.com/huggingface/trl/issues/976";

export const paddingIsEos = defineCheck({
  id: "padding-is-eos",
  title: "Padding with the end token hides it from the loss",
  why: "DataCollatorForLanguageModeling masks every padding token, and with it the end of each answer.",
  source,
  begin: ({ settings, tokenizer }) => ({
    end() {
      if (settings === null || settings.origin !== "script")
        return { missing: ["training script, for its data collator"] };
      const { text } = settings;
      const assigned = /\bpad_token(_id)?\s*=\s*[\w.]*\beos_token\1?\b/.exec(text);
      const isSame =
        assigned !== null || (tokenizer !== null && tokenizer.pad !== null && tokenizer.pad === tokenizer.eos);
      // TRL's collator of the same name masks by attention.
      const isTransformers =
        /from\s+transformers(\.[\w.]+)?\s+import\s+(\([^)]*|[^\n]*)\bDataCollatorForLanguageModeling\b/s.test(text) ||
        /transformers\.DataCollatorForLanguageModeling/.test(text);
      if (!isSame || !isTransformers || !/DataCollatorForLanguageModeling\s*\([^)]*mlm\s*=\s*False/s.test(text))
        return [];
      const line = assigned === null ? undefined : text.slice(0, assigned.index).split("\n").length;
      return [
        {
          severity: "warning",
          message:
            "The padding token is the end token, and DataCollatorForLanguageModeling sets the label of every padding token to -100: the end is never learned.",
          where: { file: settings.file, key: "pad_token", ...(line === undefined ? {} : { line }) },
          advice: [
            doThis(
              "own-padding-token",
              "Give padding a token of its own (a reserved one), or a collator that masks by attention_mask.",
              "Generation stops by itself.",
              source,
            ),
          ],
        },
      ];
    },
  }),
});
