/** Spans of a sequence of labels as conlleval.pl and seqeval 1.2.2 (its default mode) read them. */

/** `kind start end` of each span, both ends included. Labels: O, or one of B I E S with a kind behind the first hyphen. */
export function spansOf(labels: readonly string[]): Set<string> {
  const spans = new Set<string>();
  let before = outside;
  let start = 0;
  for (let i = 0; i <= labels.length; i += 1) {
    const here = labelOf(labels[i] ?? "O");
    if (ends(before, here)) spans.add(`${before.kind} ${start} ${i - 1}`);
    if (starts(before, here)) start = i;
    before = here;
  }
  return spans;
}

/** Whether these can be labels of a sequence. */
export const isSequence = (labels: readonly string[]): boolean =>
  labels.length > 0 && labels.every((label) => /^(?:O|[BIES](?:-.*)?)$/s.test(label));

interface Label {
  readonly tag: string;
  readonly kind: string;
}

const outside: Label = { tag: "O", kind: "" };

function labelOf(text: string): Label {
  const rest = text.slice(1);
  const hyphen = rest.indexOf("-");
  const kind = hyphen < 0 ? rest : rest.slice(hyphen + 1);
  return { tag: text.slice(0, 1), kind: kind === "" ? "_" : kind };
}

function ends(before: Label, here: Label): boolean {
  if (before.tag === "O") return false;
  if (before.tag === "E" || before.tag === "S" || before.kind !== here.kind) return true;
  return here.tag === "B" || here.tag === "S" || here.tag === "O";
}

/** An I or E where no span is open begins one: the labels need not be well formed. */
function starts(before: Label, here: Label): boolean {
  if (here.tag === "O") return false;
  if (here.tag === "B" || here.tag === "S" || before.kind !== here.kind) return true;
  return before.tag === "O" || before.tag === "E" || before.tag === "S";
}
