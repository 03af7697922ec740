import { splitWords } from "./white-space.ts";

/** Words of an answer as SQuAD's evaluate-v2.0.py normalises it: lower case, no ASCII punctuation, no English articles. */
const answerWords = (text: string): string[] =>
  splitWords(
    text
      .toLowerCase()
      .replace(/[!-/:-@[-`{-~]/g, "")
      // Python's \b: a letter or digit of any script continues a word.
      .replace(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, " "),
  );

/**
 * The best agreement of a prediction with any right answer. Answers of which nothing is left do not count beside others;
 * where there are no others, the right answer is to say nothing.
 */
export function bestAgreement(
  prediction: string,
  references: readonly string[],
  agreement: (prediction: readonly string[], answer: readonly string[]) => number,
): number {
  const own = answerWords(prediction);
  const answers = references.map(answerWords).filter((words) => words.length > 0);
  return Math.max(...(answers.length === 0 ? [[]] : answers).map((answer) => agreement(own, answer)));
}
