/** Which task the examples are of, told by their data; the reason is shown, since a wrong guess computes wrong metrics. */
import { median } from "../../base/statistics.ts";
import type { Example, Task } from "../../model/example.ts";

export interface TaskGuess {
  readonly task: Task;
  readonly why: string;
}

/** Names of the fields that the file gave, lower-cased: `label` and `answers` say what kind of answer is meant. */
export type FieldNames = ReadonlyMap<string, string>;

/** Values that say enough about all of a file. */
const sampled = 5000;
/** A label is at most so long: longer ones are sentences. */
const longestLabel = 40;

export function guessTask(all: readonly Example[], fields: FieldNames): TaskGuess {
  const examples = spread(all);
  const named = byName(fields);
  if (examples.some(({ samples }) => samples !== null))
    return { task: "generation", why: "several samples a problem are judged" };
  const answered = examples.filter(({ prediction }) => prediction !== null);
  if (answered.length === 0 && examples.some(({ logProbs }) => logProbs !== null))
    return { task: "language-modeling", why: "log probabilities without predictions" };
  if (answered.some(({ prediction }) => typeof prediction !== "string"))
    return { task: "multilabel", why: "predictions are lists of labels" };
  if (examples.every(({ references }) => references.length === 0))
    return { task: named?.task ?? "generation", why: named?.why ?? "there is no reference to tell it from" };
  const references = examples.flatMap(({ references: [first] }) => (first === undefined ? [] : [first]));
  const labels = asLabels(
    references,
    examples.some(({ scores }) => scores !== null),
  );
  if (labels !== undefined && (named === undefined || named.isAnyAnswer)) return labels;
  return named ?? texts(examples, references);
}

/** The whole file and not its beginning, which is often sorted. */
const spread = (examples: readonly Example[]): readonly Example[] =>
  examples.length <= sampled
    ? examples
    : Array.from({ length: sampled }, (_, i) => examples[Math.floor((i * examples.length) / sampled)]).filter(
        (example) => example !== undefined,
      );

function byName(fields: FieldNames): (TaskGuess & { readonly isAnyAnswer: boolean }) | undefined {
  const reference = fields.get("reference") ?? "";
  const input = fields.get("input") ?? "";
  const prediction = fields.get("prediction") ?? "";
  const say = (task: Task, name: string, isAnyAnswer = false): ReturnType<typeof byName> => ({
    task,
    why: `the field "${name}"`,
    isAnyAnswer,
  });
  if (/audio|speech|wav/.test(input)) return say("speech", input);
  for (const name of [reference, prediction]) {
    if (/transcri|^asr/.test(name)) return say("speech", name);
    if (/summar|highlights/.test(name)) return say("summarization", name);
    if (/translation|hypothes|^hyps?$|^mt$|^tgt$/.test(name)) return say("translation", name);
  }
  if (/^(src|source)$/.test(input) && /^(ref|refs|reference|references|target|tgt)$/.test(reference))
    return say("translation", input);
  if (/document|article|dialogue/.test(input) && /target|reference/.test(reference)) return say("summarization", input);
  if (/answers/.test(reference)) return say("question-answering", reference);
  if (/question/.test(input)) return say("question-answering", input, true);
  return undefined;
}

function asLabels(references: readonly string[], hasScores: boolean): TaskGuess | undefined {
  const distinct = new Set(references);
  const isNumeric = references.every((text) => text.trim() !== "" && Number.isFinite(Number(text)));
  const isWhole = isNumeric && references.every((text) => Number.isInteger(Number(text)));
  // Ratings and counts of few values are read as classes; quantities seldom repeat.
  if (
    isNumeric &&
    !hasScores &&
    (!isWhole || distinct.size > 30) &&
    distinct.size > Math.min(12, references.length / 2)
  )
    return { task: "regression", why: `references are numbers with ${distinct.size} different values` };
  const isShort = median(references.map(({ length }) => length)) <= longestLabel;
  const words = median(references.map((text) => text.trim().split(/\s+/u).length));
  // Of labels each comes several times; 1,000 classes of images with two rows each are labels as well.
  const repeats = distinct.size <= Math.max(2, references.length / 2);
  if (isShort && words <= 3 && (repeats || hasScores))
    return { task: "classification", why: `references are ${distinct.size} different short labels` };
  return undefined;
}

/** Texts: by how the right answers relate to the inputs. */
function texts(examples: readonly Example[], references: readonly string[]): TaskGuess {
  const ratios: number[] = [];
  const shared: number[] = [];
  for (const {
    input,
    references: [reference],
  } of examples) {
    if (input === null || reference === undefined || input.length === 0) continue;
    ratios.push(reference.length / input.length);
    const words = wordsOf(reference);
    const given = new Set(wordsOf(input));
    if (words.length > 0) shared.push(words.filter((word) => given.has(word)).length / words.length);
  }
  if (ratios.length === 0) return { task: "generation", why: "references are texts, and there are no inputs" };
  const words = median(references.map((text) => wordsOf(text).length));
  const asked = examples.filter(({ input }) => input?.trimEnd().endsWith("?") === true).length / examples.length;
  if (words <= 8 && asked > 0.5) return { task: "question-answering", why: "inputs are questions with short answers" };
  if (median(ratios) < 0.35 && words >= 8 && median(shared) > 0.3)
    return { task: "summarization", why: "references are short texts in the words of long inputs" };
  const close = ratios.filter((ratio) => ratio > 0.4 && ratio < 2.5).length / ratios.length;
  if (close > 0.8 && asked < 0.5 && median(shared) < 0.35)
    return { task: "translation", why: "references are as long as the inputs, in other words" };
  return { task: "generation", why: "references are texts" };
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
