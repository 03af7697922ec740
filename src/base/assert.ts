/** Throws on a bug in llmdbg itself. Expected failures are `AppError`s instead. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`llmdbg bug: ${message}`);
}

/** Marks a branch that the types say can never run. */
export function unreachable(value: never): never {
  throw new Error(`llmdbg bug: unexpected ${String(value)}`);
}
