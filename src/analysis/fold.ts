/** Rows of one series in arrival order, or of a part of it. */
export interface Curve {
  /** Identity of the series, as evidence names it. */
  readonly series: string;
  readonly step: Float64Array;
  readonly time: Float64Array;
  readonly value: Float64Array;
  readonly length: number;
  /**
   * Curves of one origin are beginnings of the same rows, which only ever grow. Without it what is computed
   * from the curve can't be kept. Curves that are made of other rows (smoothed, every tenth) have none.
   */
  readonly origin?: object;
}

/** Something that is computed from a curve row by row, from its first to its last. */
export interface Fold<S> {
  start(): S;
  /** Takes the rows from `from` to the end of the curve; rows before it were taken already. Changes the state. */
  advance(state: S, curve: Curve, from: number): void;
}

/**
 * What keeps a live diagnosis cheap: a batch costs what it brings, not what came before it. The state of a fold is
 * kept for each `origin` of curves, so for each run, and goes with it. A curve that became shorter (its numbers
 * were lost, so its last rows no longer count) is folded from its start again.
 *
 * The state that is answered changes with the next call: copy from it what a fact hands on.
 */
export function defineFold<S extends object>({ start, advance }: Fold<S>): (curve: Curve) => Readonly<S> {
  const kept = new WeakMap<object, { readonly state: S; rows: number }>();
  return (curve) => {
    const { origin, length } = curve;
    let known = origin === undefined ? undefined : kept.get(origin);
    if (known === undefined || known.rows > length) {
      known = { state: start(), rows: 0 };
      if (origin !== undefined) kept.set(origin, known);
    }
    if (known.rows < length) {
      const from = known.rows;
      // Before the work: should it throw, the next call begins anew and throws as well.
      if (origin !== undefined) kept.delete(origin);
      advance(known.state, curve, from);
      known.rows = length;
      if (origin !== undefined) kept.set(origin, known);
    }
    return known.state;
  };
}
