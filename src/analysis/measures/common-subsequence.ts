/** Longest common subsequences, as rouge_score 0.1.2 finds them. */

/** Its length, bit-parallel over 32 places at once (Hyyrö 2004, "Bit-parallel LCS-length computation revisited"). */
export function commonLength(left: ArrayLike<number>, right: ArrayLike<number>): number {
  const blocks = Math.ceil(left.length / 32);
  const places = new Map<number, Int32Array>();
  for (let i = 0; i < left.length; i += 1) {
    const symbol = left[i] ?? 0;
    let bits = places.get(symbol);
    if (bits === undefined) places.set(symbol, (bits = new Int32Array(blocks)));
    bits[i >>> 5] = (bits[i >>> 5] ?? 0) | (1 << (i & 31));
  }
  // A zero bit is a place at which the subsequence grows.
  const rising = new Int32Array(blocks).fill(-1);
  for (let j = 0; j < right.length; j += 1) {
    const matches = places.get(right[j] ?? 0);
    if (matches === undefined) continue;
    let carry = 0;
    for (let block = 0; block < blocks; block += 1) {
      const old = rising[block] ?? 0;
      const used = old & (matches[block] ?? 0);
      const sum = (old >>> 0) + (used >>> 0) + carry;
      carry = sum > 0xffff_ffff ? 1 : 0;
      rising[block] = sum | (old & ~used);
    }
  }
  let length = 0;
  for (let i = 0; i < left.length; i += 1) if (((rising[i >>> 5] ?? 0) & (1 << (i & 31))) === 0) length += 1;
  return length;
}

/**
 * Marks in `marks` the places of `left` that one of the longest common subsequences uses. Which one it is decides the
 * score of a union over sentences, hence the table and its order of preference.
 */
export function markCommon(left: ArrayLike<number>, right: ArrayLike<number>, marks: Uint8Array): void {
  const width = right.length + 1;
  const table = new Int32Array((left.length + 1) * width);
  for (let i = 1; i <= left.length; i += 1)
    for (let j = 1; j <= right.length; j += 1) {
      const at = i * width + j;
      table[at] =
        left[i - 1] === right[j - 1]
          ? (table[at - width - 1] ?? 0) + 1
          : Math.max(table[at - width] ?? 0, table[at - 1] ?? 0);
    }
  let i = left.length;
  let j = right.length;
  while (i > 0 && j > 0) {
    const at = i * width + j;
    if (left[i - 1] === right[j - 1]) {
      marks[i - 1] = 1;
      i -= 1;
      j -= 1;
    } else if ((table[at - 1] ?? 0) > (table[at - width] ?? 0)) j -= 1;
    else i -= 1;
  }
}
