/** A word up to this long fits a column of a phone, and is left alone. */
const longest = 16;

/**
 * A text in pieces between which a line may end: long words (paths, module names, series with labels) end after
 * one of their own separators, so that no name is cut in its middle. Joined, the pieces are the text.
 */
export function pieces(text: string): string[] {
  return text.split(/(\s+)/).flatMap((word) => (word.length <= longest ? [word] : word.split(/(?<=[/._,:;={[(&?@-])/)));
}
