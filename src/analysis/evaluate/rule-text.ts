import type { Slice } from "../../model/evaluation.ts";

/** "date = true and input length in words: at least 12": the conditions of a slice as people read them. */
export const ruleText = ({ where }: Pick<Slice, "where">): string =>
  where
    .map(({ attribute, value }) => {
      const text = String(value);
      return /^(at least|at most|below|above|under|over|\d.* to )/.test(text)
        ? `${attribute} ${text}`
        : `${attribute} = ${text}`;
    })
    .join(" and ");
