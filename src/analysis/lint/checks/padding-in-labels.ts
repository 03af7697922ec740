import { defineCheck, doThis } from "../check.ts";
import { shareText, Tally, verb } from "../tally.ts";
import { ignored } from "../tokens.ts";

const source = "https://huggingface.co/docs/transformers/model_doc/llama#transformers.LlamaForCausalLM.forward.labels";

export const paddingInLabels = defineCheck({
  id: "padding-in-labels",
  title: "Padding is trained on",
  why: "Labels at padding teach the model to write padding, and make the loss look low.",
  source,
  begin() {
    const padded = new Tally();
    let rows = 0;
    return {
      row({ labels, attentionMask, ...row }) {
        if (labels === null || attentionMask === null || labels.length !== attentionMask.length) return;
        rows += 1;
        // One trained end token may stand where the mask is 0.
        let count = 0;
        for (let i = 0; i < labels.length; i += 1) if (attentionMask[i] === 0 && labels[i] !== ignored) count += 1;
        if (count > 1) padded.add({ ...row, labels, attentionMask });
      },
      end() {
        if (rows === 0) return { missing: ["tokenised data with labels and attention_mask"] };
        if (padded.count === 0) return [];
        return [
          {
            severity: padded.count * 2 >= rows ? "error" : "warning",
            message: `${shareText(padded.count, rows)} ${verb(padded.count, "has", "have")} labels where attention_mask is 0.`,
            where: padded.where,
            also: padded.also,
            advice: [
              doThis(
                "mask-padding",
                "Set labels to -100 where attention_mask is 0.",
                "A higher, and honest, loss.",
                source,
              ),
            ],
          },
        ];
      },
    };
  },
});
