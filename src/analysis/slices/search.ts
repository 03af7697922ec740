import { Counter, partition } from "./counter.ts";
import type { Score } from "./score.ts";
import type { Item, Table } from "./table.ts";

export interface SearchOptions {
  readonly score: Score;
  /** How many to keep. */
  readonly count: number;
  readonly minSize: number;
  /** Most conditions of a slice; infinite for no limit. */
  readonly depth: number;
}

export interface Found {
  readonly items: readonly Item[];
  readonly size: number;
  readonly error: number;
  readonly score: number;
}

export interface SearchProgress {
  readonly depth: number;
  /** Slices that were measured so far. */
  readonly evaluated: number;
}

export interface SearchResult {
  /** Worst first. */
  readonly found: readonly Found[];
  readonly evaluated: number;
}

/** A slice in the tree of slices: its conditions are those on the way to it, in ascending order of their items. */
interface Node {
  readonly item: number;
  readonly size: number;
  readonly error: number;
  readonly most: number;
  children: Map<number, Node> | null;
}

/** What a slice below several others can be at most. */
interface Limit {
  size: number;
  error: number;
  most: number;
}

/**
 * The `count` slices with the highest score, exactly. Slices are grown level by level, so that each one is bounded by all
 * that are a condition shorter; what can't beat the worst of the best is not measured. It yields now and then, for a
 * caller that shows progress or cancels by not going on.
 */
export function* searchSlices(table: Table, options: SearchOptions): Generator<SearchProgress, SearchResult> {
  const search = new Search(table, options);
  for (let depth = 2; depth <= options.depth && search.grew; depth += 1) yield* search.grow(depth);
  return search.result();
}

class Search {
  readonly #table: Table;
  readonly #options: SearchOptions;
  readonly #counter: Counter;
  readonly #root: Map<number, Node>;
  readonly #best: Found[] = [];
  /** One buffer of rows for each depth. */
  readonly #buffers: Uint32Array[] = [];
  #evaluated = 0;
  /** Whether the last level holds slices that longer ones may come from. */
  grew = false;

  constructor(table: Table, options: SearchOptions) {
    this.#table = table;
    this.#options = options;
    this.#counter = new Counter(table);
    this.#root = new Map();
    table.items.forEach(({ size, error, most }, item) => {
      this.#root.set(item, { item, size, error, most, children: null });
      this.#evaluated += 1;
      this.#offer([item], size, error);
    });
    this.#sweep(this.#root, 1, 1);
  }

  result(): SearchResult {
    return { found: this.#best, evaluated: this.#evaluated };
  }

  *grow(depth: number): Generator<SearchProgress> {
    this.grew = false;
    const rows = Uint32Array.from({ length: this.#table.n }, (_, row) => row);
    yield* this.#visit(this.#root, rows, [], depth);
    this.#sweep(this.#root, 1, depth);
  }

  *#visit(level: Map<number, Node>, rows: Uint32Array, path: number[], depth: number): Generator<SearchProgress> {
    const isParent = path.length === depth - 2;
    const nodes = [...level.values()];
    for (const group of groupsOf(nodes, (node) => this.#itemAt(node.item).column)) {
      const work = isParent
        ? group.map((node) => this.#candidates(node, nodes, path)).filter(({ columns }) => columns.length > 0)
        : group.filter(({ children }) => children !== null).map((node) => ({ node, columns: [] }));
      const [first] = work;
      if (first === undefined) continue;
      const wanted = work.map(({ node }) => node);
      const parts = this.#split(rows, this.#itemAt(first.node.item).column, wanted, path.length);
      for (const { node, columns } of work) {
        const part = parts(node);
        const longer = [...path, node.item];
        if (isParent) {
          this.#measure(node, part, longer, columns);
          yield { depth, evaluated: this.#evaluated };
        } else if (node.children !== null) yield* this.#visit(node.children, part, longer, depth);
      }
    }
  }

  /** Which of its siblings a slice may be joined with, by their columns. */
  #candidates(node: Node, siblings: readonly Node[], path: readonly number[]) {
    const own = this.#itemAt(node.item);
    const joined: Node[] = [];
    for (const other of siblings) {
      if (other.item <= node.item || this.#itemAt(other.item).attribute === own.attribute) continue;
      const limit = {
        size: Math.min(node.size, other.size),
        error: Math.min(node.error, other.error),
        most: Math.min(node.most, other.most),
      };
      if (this.#tighten(limit, path, node.item, other.item) && this.#canBeat(limit, path.length + 2))
        joined.push(other);
    }
    return { node, columns: groupsOf(joined, ({ item }) => this.#itemAt(item).column) };
  }

  /** Bounds a slice by the others that are one condition shorter; false where one of them is not there any more. */
  #tighten(limit: Limit, path: readonly number[], first: number, second: number): boolean {
    for (let left = 0; left < path.length; left += 1) {
      let level: Map<number, Node> | null = this.#root;
      for (let i = 0; i < path.length && level !== null; i += 1)
        if (i !== left) level = level.get(path[i] ?? -1)?.children ?? null;
      const parent: Node | undefined = level?.get(first)?.children?.get(second);
      if (parent === undefined) return false;
      if (parent.size < limit.size) limit.size = parent.size;
      if (parent.error < limit.error) limit.error = parent.error;
      if (parent.most < limit.most) limit.most = parent.most;
    }
    return true;
  }

  #measure(node: Node, rows: Uint32Array, path: readonly number[], columns: readonly Node[][]): void {
    const { size, error, most } = this.#counter;
    const children = new Map<number, Node>();
    for (const group of columns) {
      this.#counter.count(rows, this.#itemAt(group[0]?.item ?? 0).column);
      for (const { item } of group) {
        const { code } = this.#itemAt(item);
        const child = { item, size: size[code] ?? 0, error: error[code] ?? 0, most: most[code] ?? 0, children: null };
        this.#evaluated += 1;
        if (child.size < this.#options.minSize) continue;
        this.#offer([...path, item], child.size, child.error);
        if (this.#canBeat(child, path.length + 2)) children.set(item, child);
      }
    }
    if (children.size === 0) return;
    node.children = children;
    this.grew = true;
  }

  /** The score is greatest where the size is least, greatest, or just holds all error. */
  #canBeat({ size, error, most }: Limit, depth: number): boolean {
    const { minSize, score } = this.#options;
    if (size < minSize) return false;
    const worst = this.#worst;
    const full = most > 0 ? Math.min(size, Math.max(minSize, error / most)) : minSize;
    const reaches = (at: number): boolean => score.of(at, Math.min(error, at * most), depth) > worst;
    return reaches(minSize) || reaches(full) || reaches(size);
  }

  get #worst(): number {
    const { count, score } = this.#options;
    const last = this.#best[count - 1]?.score ?? score.least;
    // Sums of real numbers depend on their order in the last digits.
    return last - 1e-12 * Math.abs(last);
  }

  #offer(items: readonly number[], size: number, error: number): void {
    const { count, score } = this.#options;
    const value = score.of(size, error, items.length);
    if (!(value > score.least) || value <= (this.#best[count - 1]?.score ?? -Infinity)) return;
    const place = this.#best.findIndex((other) => other.score < value);
    const found = { items: items.map((item) => this.#itemAt(item)), size, error, score: value };
    this.#best.splice(place === -1 ? this.#best.length : place, 0, found);
    if (this.#best.length > count) this.#best.pop();
  }

  /** Takes out what no longer can lead to a slice that is wanted. */
  #sweep(level: Map<number, Node>, at: number, depth: number): void {
    for (const [item, node] of level) {
      if (at === depth) {
        if (this.#canBeat(node, depth + 1)) this.grew = true;
        else level.delete(item);
      } else if (node.children !== null) this.#sweep(node.children, at + 1, depth);
    }
  }

  #split(rows: Uint32Array, column: number, nodes: readonly Node[], depth: number): (node: Node) => Uint32Array {
    const out = (this.#buffers[depth] ??= new Uint32Array(this.#table.n + 1));
    const sizes = new Uint32Array(this.#counter.size.length);
    for (const { item, size } of nodes) sizes[this.#itemAt(item).code] = size;
    const starts = partition(rows, this.#table.codes[column] ?? new Uint8Array(), sizes, out);
    return ({ item, size }) => {
      const start = starts[this.#itemAt(item).code] ?? 0;
      return out.subarray(start, start + size);
    };
  }

  #itemAt(item: number): Item {
    const found = this.#table.items[item];
    if (found === undefined) throw new Error(`llmdbg bug: no item ${item}`);
    return found;
  }
}

/** Neighbours of one key together, in their order. */
function groupsOf<T>(list: readonly T[], keyOf: (item: T) => number): T[][] {
  const groups: T[][] = [];
  let key = Number.NaN;
  for (const item of list) {
    const own = keyOf(item);
    if (own === key) groups.at(-1)?.push(item);
    else groups.push([item]);
    key = own;
  }
  return groups;
}
