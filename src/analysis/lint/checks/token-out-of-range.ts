import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally, verb } from "../tally.ts";
import { ignored } from "../tokens.ts";

const source = "https://huggingface.co/docs/transformers/troubleshooting#cuda-error-device-side-assert-triggered";

export const tokenOutOfRange = defineCheck({
  id: "token-out-of-range",
  title: "Token ids outside the vocabulary",
  why: "The embedding has no such row: on a GPU the run ends with a device-side assert that names nothing.",
  source,
  begin({ tokenizer }) {
    const size = tokenizer?.vocabulary ?? null;
    const outside = new Tally();
    let rows = 0;
    let id = 0;
    return {
      row(row) {
        if (row.inputIds === null) return;
        rows += 1;
        const bad =
          row.inputIds.find((token) => token < 0 || (size !== null && token >= size)) ??
          row.labels?.find((token) => (token < 0 && token !== ignored) || (size !== null && token >= size));
        if (bad === undefined) return;
        if (outside.count === 0) id = bad;
        outside.add(row);
      },
      end() {
        if (rows === 0) return { missing: ["tokenised data"] };
        if (outside.count === 0)
          return size === null ? { missing: ["tokenizer.json, for the size of the vocabulary"] } : [];
        return [
          {
            severity: "error",
            message: `${shareText(outside.count, rows)} ${verb(outside.count, "holds", "hold")} a token id outside the vocabulary: ${id}${size === null ? "" : `, of ${size.toLocaleString("en-US")} ids`}.`,
            where: outside.where,
            also: outside.also,
            advice: [
              doThis(
                "same-tokenizer",
                "Tokenise with the tokenizer of the model that is trained, and call resize_token_embeddings after adding tokens.",
                "No device-side assert.",
                source,
              ),
            ],
          },
        ];
      },
    };
  },
});
