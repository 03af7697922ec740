/** Of which part of the data the numbers of a line are: by marks in it, by what it begins with, or by a heading above it. */
import { anySplit, heldOutWords, lastSplitIn, prefixOf, trainingWords } from "./split-words.ts";

const either = `${trainingWords}|${heldOutWords}`;
/** `[valid] loss=...`, `| Val: loss = ...`: names follow, no number. */
const mark = new RegExp(
  String.raw`(?:\[(${either})\](?=\s+[A-Za-z_])|(?<=^|[|;,]\s{0,4})(${either})(?: set)?\s?:(?=\s+[A-Za-z_]))`,
  "gi",
);
const isTraining = new RegExp(`^(?:${trainingWords})$`, "i");

/** ` * Acc@1 76.1` ends an evaluation in pytorch/examples, `Saving dict for global step 10: ` one of TensorFlow's estimators. */
const ofEvaluation = /^\s*\*\s+[A-Za-z]|^Saving dict for global step/;

export interface Sections {
  /** What stands before the name of a number at this place: `valid/`, or nothing for training. */
  prefixAt(at: number, name: string): string;
  /** All of the line is of held-out data. */
  readonly isEvaluation: boolean;
}

interface Named {
  readonly from: number;
  readonly name: string;
  /** What the name says itself. */
  readonly split: "train" | "held-out" | undefined;
  /** Losses and qualities: what may follow a split's word without repeating it. */
  readonly isMeasure: boolean;
}

/** `above`: the part of the data that a heading named. */
export function sectionsOf(body: string, names: readonly Named[], above: string | undefined): Sections {
  const heading = above ?? (ofEvaluation.test(body) ? "val" : undefined);
  if (heading === undefined && !anySplit.test(body)) return plain;
  const marks = [...body.matchAll(mark)].map((match) => ({
    at: match.index,
    word: match[1] ?? match[2] ?? "",
  }));
  const first = names[0]?.from ?? 0;
  const own = names.map(({ split }) => split);
  const prefixes = names.map(({ from, name }) => {
    const at = marks.findLast((one) => one.at < from);
    return at === undefined || ofTheRun.test(name)
      ? undefined
      : isTraining.test(at.word)
        ? ""
        : `${prefixOf(at.word)}/`;
  });
  if (marks.length === 0) {
    const head = lastSplitIn(body.slice(0, first));
    // "val Loss: 0.28 Acc: 0.89": the word belongs to all that follows.
    const measures = names.filter(({ isMeasure }) => isMeasure);
    const opens = measures[0]?.split === "held-out" && measures.slice(1).every(({ split }) => split === undefined);
    const word =
      head === undefined
        ? opens
          ? lastSplitIn(measures[0]?.name ?? "")?.word
          : undefined
        : head.isHeldOut
          ? head.word
          : "";
    const inherited = word ?? heading;
    if (inherited !== undefined && inherited !== "")
      names.forEach(({ isMeasure }, i) => {
        if (head !== undefined || isMeasure || word === undefined) prefixes[i] = `${inherited}/`;
      });
  }
  const placed = names.map((one, i) => ({ ...one, prefix: own[i] === undefined ? (prefixes[i] ?? "") : "" }));
  const isHeldOut = placed.map(({ prefix, isMeasure }, i) =>
    isMeasure ? prefix !== "" || own[i] === "held-out" : undefined,
  );
  const judged = isHeldOut.filter((one) => one !== undefined);
  return {
    prefixAt: (at, name) => placed.find((one) => one.from === at && one.name === name)?.prefix ?? "",
    isEvaluation: judged.length > 0 && judged.every(Boolean),
  };
}

/** Not of a part of the data, wherever it stands. */
const ofTheRun = /(^|[ _/])(time|lr|learning[ _]rate)$|\/s(ec)?$/i;

const plain: Sections = { prefixAt: () => "", isEvaluation: false };

const decorated = /\*{3}|={3}|#{3}|-{3}/;
/** A heading of what follows, `Validation:`, `***** Eval results *****`, `valid result: `; "" is one of training. */
export function sectionHeading(body: string): string | undefined {
  const text = body.trim();
  if (text === "" || text.length > 90) return undefined;
  const isShort = /^[\w .-]+$/.test(text) && text.split(/\s+/).length <= 3;
  if (!isShort && !/[:,]$/.test(text) && !decorated.test(text)) return undefined;
  const found = lastSplitIn(text);
  return found?.word;
}

/** How far an evaluation has come: "Test: [ 10/196] ...". */
const progress = new RegExp(
  String.raw`(?<![a-z])(?:${heldOutWords})(?: epoch)?\s*[:\]]?\s*(?:\d+\s*)?(?:(?:batch|iter|step)\s*)?[[(]\s*(\d+)\s*\/\s*(\d+)`,
  "i",
);
/** Whether a line of an evaluation tells only the batches so far: its last line counts. */
export function isPartOfEvaluation(body: string): boolean {
  const found = body.includes("/") ? progress.exec(body) : null;
  return found !== null && Number(found[1]) < Number(found[2]) - 1;
}
