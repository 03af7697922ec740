/** Throws on a bug in llmdbg itself. Expected failures are `AppError`s instead. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`llmdbg bug: ${message}`);
}
