/**
 * Levenshtein distance: the fewest insertions, deletions and substitutions. Bit-parallel over 32 rows at once, Myers 1999
 * in the form of Hyyrö 2003 (https://doi.org/10.1145/316542.316550), so that documents can be compared by characters.
 */
export function editDistance(left: ArrayLike<number>, right: ArrayLike<number>): number {
  let start = 0;
  let leftEnd = left.length;
  let rightEnd = right.length;
  while (start < leftEnd && start < rightEnd && left[start] === right[start]) start += 1;
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1] === right[rightEnd - 1]) {
    leftEnd -= 1;
    rightEnd -= 1;
  }
  const rows = leftEnd - start;
  if (rows === 0) return rightEnd - start;
  if (rightEnd === start) return rows;

  const blocks = Math.ceil(rows / 32);
  // Where each symbol of `left` stands, one bit for each row.
  const places = new Map<number, Int32Array>();
  for (let row = 0; row < rows; row += 1) {
    const symbol = left[start + row] ?? 0;
    let bits = places.get(symbol);
    if (bits === undefined) places.set(symbol, (bits = new Int32Array(blocks)));
    bits[row >>> 5] = (bits[row >>> 5] ?? 0) | (1 << (row & 31));
  }
  const nowhere = new Int32Array(blocks);
  // The distance in a column grows (plus) or falls (minus) by one from one row to the next.
  const plus = new Int32Array(blocks).fill(-1);
  const minus = new Int32Array(blocks);
  const lastRow = 1 << ((rows - 1) & 31);
  let distance = rows;
  for (let column = start; column < rightEnd; column += 1) {
    const matches = places.get(right[column] ?? 0) ?? nowhere;
    let carryPlus = 1;
    let carryMinus = 0;
    for (let block = 0; block < blocks; block += 1) {
      const up = plus[block] ?? 0;
      const down = minus[block] ?? 0;
      const match = matches[block] ?? 0;
      const vertical = match | down;
      const equal = match | carryMinus;
      const horizontal = (((equal & up) + up) ^ up) | equal;
      let grows = down | ~(horizontal | up);
      let falls = up & horizontal;
      if (block === blocks - 1) {
        if ((grows & lastRow) !== 0) distance += 1;
        else if ((falls & lastRow) !== 0) distance -= 1;
      }
      const outPlus = grows >>> 31;
      const outMinus = falls >>> 31;
      grows = (grows << 1) | carryPlus;
      falls = (falls << 1) | carryMinus;
      plus[block] = falls | ~(vertical | grows);
      minus[block] = grows & vertical;
      carryPlus = outPlus;
      carryMinus = outMinus;
    }
  }
  return distance;
}
