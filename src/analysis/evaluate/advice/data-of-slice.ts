import type { Slice } from "../../../model/evaluation.ts";
import { attributes } from "../../attributes/index.ts";
import { ruleText } from "../rule-text.ts";
import { defineAdvice, percent } from "./advice-rule.ts";

export const dataOfSlice = defineAdvice({
  id: "data-of-slice",
  advise({ evaluation }) {
    const slice = evaluation.slices.find((each) => !each.where.some(({ attribute }) => isSymptom(attribute)));
    if (slice === undefined) return null;
    const isLength = slice.where.some(({ attribute }) => /length|words|tokens/i.test(attribute));
    const rule = ruleText(slice);
    return {
      summary: `Train on more examples with ${rule}: ${slice.n} of ${evaluation.n} examples hold ${percent(slice.coverage)} of all error.`,
      changes: [],
      dialect: null,
      expect: isLength
        ? `First make sure that long ones are not cut (max_length, max_source_length). If they are not, add or up-weight such examples; the most that can be gained is ${gainText(slice)}.`
        : `Add such examples, or draw them twice as often. The most that can be gained is ${gainText(slice)}; evaluate again and look whether the others got worse.`,
      source:
        "https://arxiv.org/abs/1911.08731 (groups with high loss improve when they are weighted up, with regularisation)",
    };
  },
});

/** Slices by what is wrong with the output say how it fails; more data of that kind cannot be asked for. */
const isSymptom = (name: string): boolean =>
  /\boutput\b|confidence|prediction/i.test(name) ||
  attributes.some(({ id, of }) => (of === "output" || of === "scores") && id === name);

/** If the slice became as good as the rest. */
function gainText({ difference, coverage, error }: Slice): string {
  const [apart, there] = [Number(difference), Number(error)];
  return there > 0 && Number.isFinite(apart / there)
    ? `${percent(Math.min(1, (coverage * apart) / there))} of all error`
    : "not known";
}
