import type { DataFault, ReadPredictions } from "../model/evaluation.ts";
import type { Example, Task } from "../model/example.ts";

/** What a check of the data may look at besides the examples. */
export interface DataContext {
  readonly task: Task;
  /** Inputs of the training data, where they are given. */
  readonly trainingInputs: ReadonlySet<string> | null;
  /** Null for examples that did not come from a file. */
  readonly read: ReadPredictions | null;
}

/** One fault of the data that would be blamed on the model. One file each. */
export interface DataCheck {
  /** kebab-case, a noun in the failing state, also the file's name. */
  readonly id: string;
  look(examples: readonly Example[], context: DataContext): Omit<DataFault, "id"> | null;
}

export const defineDataCheck = (check: DataCheck): DataCheck => check;

const mostShown = 10;

/** Up to ten of them, with what is to be seen there. */
export const shown = (examples: readonly Example[], note: (example: Example) => string): DataFault["examples"] =>
  examples.slice(0, mostShown).map((example) => ({ id: example.id, line: example.line, note: note(example) }));

/** The beginning of a text, for a note. */
export const short = (text: string, length = 60): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

/** "1 prediction", "12 predictions". */
export const counted = (n: number, noun: string): string => `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;

export const shareText = (part: number, whole: number): string => {
  const percent = (100 * part) / whole;
  return `${percent < 1 ? percent.toPrecision(1) : percent > 99 && percent < 100 ? percent.toFixed(1) : Math.round(percent)} %`;
};

export const answerOf = ({ prediction }: Example): string | null =>
  prediction === null || typeof prediction === "string" ? prediction : prediction.join(", ");
