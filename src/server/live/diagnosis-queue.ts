/** Shortest wait between data and its diagnosis, so that batches that come together are judged together. */
const debounceMs = 50;
/** A diagnosis of d ms is followed by a pause of at least this many times d: at most a fifth of one core. */
const restFactor = 4;

/** Decides when runs are diagnosed: soon after new data, one after the other, never more than its share of the processor. */
export class DiagnosisQueue<T> {
  readonly #diagnose: (item: T) => void;
  readonly #waiting = new Set<T>();
  #restUntil = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(diagnose: (item: T) => void) {
    this.#diagnose = diagnose;
  }

  request(item: T): void {
    this.#waiting.add(item);
    this.#arm();
  }

  drop(item: T): void {
    this.#waiting.delete(item);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => this.#next(), Math.max(debounceMs, this.#restUntil - performance.now()));
  }

  #next(): void {
    this.#timer = undefined;
    // Several small runs in one turn, as long as together they stay short.
    const began = performance.now();
    for (const item of this.#waiting) {
      this.#waiting.delete(item);
      this.#diagnose(item);
      if (performance.now() - began > 10) break;
    }
    const ended = performance.now();
    this.#restUntil = ended + (ended - began) * restFactor;
    this.#arm();
  }
}
