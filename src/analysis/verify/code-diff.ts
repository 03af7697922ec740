/** Reads unified diffs as `git diff` writes them. They are text; nothing of them is opened. */

/** Lines that a diff adds, without the mark. */
export const addedLines = (diff: string | undefined): string[] =>
  (diff ?? "").split("\n").flatMap((line) => (/^\+(?!\+\+ )/.test(line) ? [line.slice(1)] : []));

/** Files whose part of the diff is not the same in both. */
export function changedFiles(before: string, after: string): string[] {
  const [old, now] = [parts(before), parts(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter((file) => old.get(file) !== now.get(file)).sort();
}

function parts(diff: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const part of diff.split(/^(?=diff --git )/m)) {
    const [, name] = /^diff --git a\/.* b\/(.*)$/m.exec(part) ?? [];
    if (name !== undefined) files.set(name, part);
  }
  return files;
}
