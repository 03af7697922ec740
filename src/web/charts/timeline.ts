/**
 * The one cursor that all charts of a page share. Outside React, because it moves with every pointer
 * event and only a few lines of text and one div a chart have to follow.
 */
export interface Timeline {
  /** In units of the page's x axis; null when no chart is pointed at. */
  readonly x: number | null;
  /** The chart that the pointer is on. */
  readonly source: string | null;
  move(x: number | null, source: string | null): void;
  follow(listener: () => void): () => void;
}

export function createTimeline(): Timeline {
  const listeners = new Set<() => void>();
  let [x, source]: [number | null, string | null] = [null, null];
  let scheduled = false;
  return {
    get x() {
      return x;
    },
    get source() {
      return source;
    },
    move(nextX, nextSource) {
      // Leaving one chart may be told after entering the next.
      if (nextX === null && source !== null && nextSource !== source) return;
      [x, source] = [nextX, nextX === null ? null : nextSource];
      if (scheduled) return;
      scheduled = true;
      requestAnimationFrame(() => {
        scheduled = false;
        for (const listener of listeners) listener();
      });
    },
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
