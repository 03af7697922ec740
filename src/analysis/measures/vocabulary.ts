/** Numbers words in the order in which they come, so that comparing them is comparing numbers. */
export function wordNumbers(): (words: readonly string[]) => Int32Array {
  const known = new Map<string, number>();
  return (words) =>
    Int32Array.from(words, (word) => {
      const number = known.get(word);
      if (number !== undefined) return number;
      known.set(word, known.size);
      return known.size - 1;
    });
}
