const said = new Set<string>();

/** Warns once per process about one kind of thing, through Node's own warnings, which a program can silence. */
export function sayOnce(key: string, message: string): void {
  if (said.has(key)) return;
  said.add(key);
  process.emitWarning(message, "llmdbg");
}

/** Runs `action`; its failure is said once and swallowed, so that it never reaches the training loop. */
export function guarded<T>(name: string, action: () => T, otherwise: T): T {
  try {
    return action();
  } catch (thrown) {
    sayOnce(`internal:${name}`, `${name} failed: ${String(thrown)}`);
    return otherwise;
  }
}
