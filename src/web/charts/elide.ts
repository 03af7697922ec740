/**
 * A module path in at most `most` letters: its block and its last name stay, what is between goes, so that
 * `layers.0…wq` and `layers.1…wq` are told apart. `tail` has the end of the path.
 */
export function elide(path: string, most: number): { readonly head: string; readonly tail: string } {
  if (path.length <= most) return { head: "", tail: path };
  const parts = path.split(".");
  const last = parts.at(-1) ?? path;
  const number = parts.findIndex((part) => /^\d+$/.test(part));
  const heads =
    number < 0
      ? [parts[0] ?? ""]
      : [number - 1, number].map((from) => parts.slice(Math.max(0, from), number + 1).join("."));
  for (const head of heads) {
    const room = most - head.length - 1;
    if (room < last.length || head === path) continue;
    // As many whole names before the last one as there is room for.
    let tail = last;
    for (let i = parts.length - 2; i > Math.max(0, number) && parts.slice(i).join(".").length <= room; i -= 1)
      tail = parts.slice(i).join(".");
    return { head: `${head}…`, tail };
  }
  const start = heads.at(-1) ?? "";
  const head = `${start.slice(0, Math.max(1, Math.floor(most / 3)))}…`;
  return { head, tail: path.slice(Math.min(path.length - 1, path.length - (most - head.length))) };
}
