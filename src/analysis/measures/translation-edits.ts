/**
 * Edits of TER: the fewest insertions, deletions, substitutions and shifts of blocks of words that a greedy search finds.
 * Follows Tercom as sacreBLEU 2.6.0 does (sacrebleu/metrics/lib_ter.py), its limits included, since they decide the score.
 */
const maxShiftSize = 10;
const maxShiftDistance = 50;
const beam = 25;
const maxCandidates = 1000;
const unreachable = 2 ** 28;

export function translationEdits(hypothesis: Int32Array, reference: Int32Array): number {
  if (reference.length === 0) return hypothesis.length;
  const distances = new BeamDistances(hypothesis.length, reference);
  let words = hypothesis;
  let shifts = 0;
  let checked = 0;
  let edits = distances.hold(words);
  while (edits > 0) {
    const found = bestShift(words, reference, distances, checked);
    checked = found.checked;
    if (checked >= maxCandidates || found.gain <= 0) break;
    shifts += 1;
    words = found.words;
    edits = distances.hold(words);
  }
  return shifts + edits;
}

/** Edit distance to one reference near the diagonal. Keeps the rows of one text, so that others continue where they differ. */
class BeamDistances {
  private readonly rows: number;
  private readonly reference: Int32Array;
  private readonly columns: number;
  private readonly ratio: number;
  private readonly width: number;
  /** Row after row, `columns` each. */
  private readonly held: Int32Array;
  private heldWords: Int32Array = new Int32Array(0);
  private readonly spare: [Int32Array, Int32Array];

  constructor(rows: number, reference: Int32Array) {
    this.rows = rows;
    this.reference = reference;
    this.columns = reference.length + 1;
    this.ratio = rows === 0 ? 1 : reference.length / rows;
    // Wide enough that the beams of two rows meet however long the reference is.
    this.width = beam < this.ratio / 2 ? Math.ceil(this.ratio / 2 + beam) : beam;
    this.held = new Int32Array((rows + 1) * this.columns);
    for (let column = 0; column < this.columns; column += 1) this.held[column] = column;
    this.spare = [new Int32Array(this.columns), new Int32Array(this.columns)];
  }

  hold(words: Int32Array): number {
    this.heldWords = words;
    for (let row = 1; row <= this.rows; row += 1)
      this.fillRow(this.row(row - 1), this.row(row), row, words[row - 1] ?? 0);
    return this.held[this.held.length - 1] ?? 0;
  }

  distance(words: Int32Array): number {
    let row = 0;
    while (row < this.rows && words[row] === this.heldWords[row]) row += 1;
    let above = this.row(row);
    for (row += 1; row <= this.rows; row += 1) {
      const next = this.spare[row & 1 ? 1 : 0];
      this.fillRow(above, next, row, words[row - 1] ?? 0);
      above = next;
    }
    return above[this.columns - 1] ?? 0;
  }

  private row(row: number): Int32Array {
    return this.held.subarray(row * this.columns, (row + 1) * this.columns);
  }

  private fillRow(above: Int32Array, into: Int32Array, row: number, word: number): void {
    const diagonal = Math.floor(row * this.ratio);
    const from = Math.max(0, diagonal - this.width);
    const to = row === this.rows ? this.columns : Math.min(this.columns, diagonal + this.width);
    into.fill(unreachable);
    let left = unreachable;
    let corner = from === 0 ? unreachable : (above[from - 1] ?? unreachable);
    for (let column = from; column < to; column += 1) {
      const over = above[column] ?? unreachable;
      let best = column > 0 && this.reference[column - 1] === word ? corner : corner + 1;
      if (over + 1 < best) best = over + 1;
      if (left + 1 < best) best = left + 1;
      if (best > unreachable) best = unreachable;
      into[column] = best;
      left = best;
      corner = over;
    }
  }

  /**
   * How the held text becomes the reference: for each word of the reference the place in the text that it is aligned with
   * (-1: before the first), and which words of either are in error, summed up from the front.
   */
  alignment(): { align: Int32Array; textErrors: Int32Array; referenceErrors: Int32Array } {
    const align = new Int32Array(this.reference.length);
    const textErrors = new Int32Array(this.rows + 1);
    const referenceErrors = new Int32Array(this.reference.length + 1);
    const at = (i: number, j: number): number => this.held[i * this.columns + j] ?? 0;
    let i = this.rows;
    let j = this.reference.length;
    while (i > 0 || j > 0) {
      const here = at(i, j);
      const isSame = i > 0 && j > 0 && this.heldWords[i - 1] === this.reference[j - 1];
      // Of equally cheap ways Tercom prefers the diagonal, then leaving out a word of the text.
      if (i > 0 && j > 0 && at(i - 1, j - 1) + (isSame ? 0 : 1) === here) {
        i -= 1;
        j -= 1;
        align[j] = i;
        if (!isSame) textErrors[i + 1] = referenceErrors[j + 1] = 1;
      } else if (i > 0 && at(i - 1, j) + 1 === here) {
        i -= 1;
        textErrors[i + 1] = 1;
      } else {
        j -= 1;
        align[j] = i - 1;
        referenceErrors[j + 1] = 1;
      }
    }
    for (const errors of [textErrors, referenceErrors])
      for (let k = 1; k < errors.length; k += 1) errors[k] = (errors[k] ?? 0) + (errors[k - 1] ?? 0);
    return { align, textErrors, referenceErrors };
  }
}

interface Shift {
  readonly gain: number;
  readonly words: Int32Array;
  readonly checked: number;
}

/** The shift that saves most edits; of equal ones the longest block, then the earliest, then the earliest target. */
function bestShift(words: Int32Array, reference: Int32Array, distances: BeamDistances, checkedBefore: number): Shift {
  const before = distances.distance(words);
  const { align, textErrors, referenceErrors } = distances.alignment();
  const hasErrors = (errors: Int32Array, from: number, length: number): boolean =>
    (errors[from + length] ?? 0) > (errors[from] ?? 0);
  const shifted = new Int32Array(words.length);
  const tried = new Set<number>();
  let checked = checkedBefore;
  let best = { gain: Number.NEGATIVE_INFINITY, length: 0, start: 0, target: 0 };
  for (const { start, place, length } of commonBlocks(words, reference)) {
    const aligned = align[place] ?? 0;
    if (!hasErrors(textErrors, start, length) || !hasErrors(referenceErrors, place, length)) continue;
    if (start <= aligned && aligned < start + length) continue;
    let previous = -1;
    for (let offset = -1; offset < length && place + offset < reference.length; offset += 1) {
      const target = place + offset === -1 ? 0 : (align[place + offset] ?? 0) + 1;
      if (target === previous) continue;
      previous = target;
      checked += 1;
      // The same block to the same place for another part of the reference: counted, and no better.
      const key = (start * (maxShiftSize + 1) + length) * (words.length + 1) + target;
      if (tried.has(key)) continue;
      tried.add(key);
      shift(words, { start, length, target }, shifted);
      const candidate = { gain: before - distances.distance(shifted), length, start, target };
      if (isBetter(candidate, best)) best = candidate;
    }
    if (checked >= maxCandidates) break;
  }
  if (best.length === 0) return { gain: 0, words, checked };
  shift(words, best, shifted);
  return { gain: best.gain, words: shifted, checked };
}

type Candidate = Readonly<Record<"gain" | "length" | "start" | "target", number>>;

function isBetter(candidate: Candidate, best: Candidate): boolean {
  if (candidate.gain !== best.gain) return candidate.gain > best.gain;
  if (candidate.length !== best.length) return candidate.length > best.length;
  if (candidate.start !== best.start) return candidate.start < best.start;
  return candidate.target < best.target;
}

/** Each block of words that both have, at places not too far apart, with all shorter blocks that begin there. */
function* commonBlocks(
  words: Int32Array,
  reference: Int32Array,
): Generator<{ start: number; place: number; length: number }> {
  for (let start = 0; start < words.length; start += 1) {
    const last = Math.min(reference.length - 1, start + maxShiftDistance);
    for (let place = Math.max(0, start - maxShiftDistance); place <= last; place += 1)
      for (let length = 1; length <= maxShiftSize; length += 1) {
        const end = start + length - 1;
        if (end >= words.length || place + length > reference.length) break;
        if (words[end] !== reference[place + length - 1]) break;
        yield { start, place, length };
      }
  }
}

/** Puts `words` with the block moved to before `target` into `into`; a target within the block moves it on by as much. */
function shift(
  words: Int32Array,
  { start, length, target }: Readonly<Record<"start" | "length" | "target", number>>,
  into: Int32Array,
): void {
  const block = words.subarray(start, start + length);
  if (target < start) {
    into.set(words.subarray(0, target));
    into.set(block, target);
    into.set(words.subarray(target, start), target + length);
    into.set(words.subarray(start + length), start + length);
    return;
  }
  const end = Math.min(words.length, target > start + length ? target : target + length);
  into.set(words.subarray(0, start));
  into.set(words.subarray(start + length, end), start);
  into.set(block, end - length);
  into.set(words.subarray(end), end);
}
