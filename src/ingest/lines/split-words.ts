/** How programs call the parts of their data, in headings, marks and names. */
export const heldOutWords =
  "val|vali|valid|validation|validate|validating|eval|evaluation|evaluating|evaluate|test|testing|dev|cv|heldout|held[-_ ]out|holdout";
export const trainingWords = "train|training|trn|learn";

const heldOut = new RegExp(String.raw`(?<![A-Za-z0-9])(${heldOutWords})(?![a-z0-9]*[/\\.][\w/\\.]|[a-z])`, "gi");
const training = new RegExp(String.raw`(?<![A-Za-z0-9])(${trainingWords})(?![a-z0-9]*[/\\.][\w/\\.]|[a-z])`, "gi");

/** Most lines name none. */
export const anySplit = new RegExp(`${trainingWords}|${heldOutWords}`, "i");

/** A line that begins with the part of the data it is of: "Test net output #0: accuracy = 0.58". */
const opening = new RegExp(`^\\s*(?:${trainingWords}|${heldOutWords})(?![a-z])`, "i");
export const opensWithSplit = (body: string): boolean => opening.test(body);

export interface SplitWord {
  readonly isHeldOut: boolean;
  /** As names are prefixed with it. */
  readonly word: string;
  readonly at: number;
}

/** Words in which `analysis/names` knows a held-out split. */
const known = /^(val|valid|validation|eval|evaluation|test|testing|dev|heldout|holdout)$/;
export const prefixOf = (word: string): string => {
  const small = word.toLowerCase();
  return known.test(small) ? small : "val";
};

/** The last word for a part of the data in a text; a path's folder is none. */
export function lastSplitIn(text: string): SplitWord | undefined {
  let found: SplitWord | undefined;
  for (const match of text.matchAll(heldOut))
    found = { isHeldOut: true, word: prefixOf(match[1] ?? ""), at: match.index };
  for (const match of text.matchAll(training))
    if (found === undefined || match.index > found.at) found = { isHeldOut: false, word: "", at: match.index };
  return found;
}

/** A name that says itself of which data it is: `val_loss`, `ValLoss`, `Test Acc`. */
const heldOutName = new RegExp(String.raw`(?<![a-z])(${heldOutWords})(?![a-z])`, "i");
const trainingName = new RegExp(String.raw`(?<![a-z])(${trainingWords}|tr)(?![a-z])`, "i");
const humps = /([a-z0-9])([A-Z])/g;
export function splitOfName(name: string): "train" | "held-out" | undefined {
  const words = name.replace(humps, "$1 $2");
  if (heldOutName.test(words)) return "held-out";
  return trainingName.test(words) ? "train" : undefined;
}
