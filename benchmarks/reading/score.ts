/** Figures over many excerpts. */
import { readExcerpt, type Excerpt } from "./corpus.ts";
import { judge } from "./judge.ts";

export interface Score {
  readonly stated: number;
  readonly right: number;
  /** Read as something that it is not, what nobody stated included. */
  readonly wrong: number;
}

export function scoreOf(excerpts: readonly Excerpt[]): Score {
  const judged = excerpts.flatMap((excerpt) => judge(excerpt, readExcerpt(excerpt.id)));
  return {
    stated: judged.filter((one) => one.stated).length,
    right: judged.filter(({ verdict }) => verdict === "right").length,
    wrong: judged.filter(({ verdict }) => verdict === "wrong").length,
  };
}
