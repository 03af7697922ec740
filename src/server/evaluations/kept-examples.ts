import { z } from "zod";
import type { StoredExample } from "../../api/evaluation.ts";
import { assert } from "../../base/assert.ts";
import type { Condition } from "../../model/evaluation.ts";
import { JudgedExample } from "../../model/example.ts";
import { toJson } from "../../model/number.ts";
import type { Store } from "../../store/store.ts";
import { ExampleIndex } from "./example-index.ts";

const prefix = "llmdbg/examples/";
/** Zeros in front, so that the order of keys is that of positions. */
const keyOf = (first: number): string => `${prefix}${String(first).padStart(12, "0")}`;

/** Indexes kept in memory, and answers of the last searches: somebody scrolls through one list at a time. */
const mostIndexes = 3;
const mostAnswers = 8;

interface Piece {
  readonly first: number;
  readonly key: string;
}

interface Loaded {
  readonly index: ExampleIndex;
  readonly pieces: readonly Piece[];
  readonly answers: Map<string, Int32Array>;
}

export interface ExampleQuery {
  readonly where: readonly Condition[];
  readonly search?: string | undefined;
  readonly wrong: "only" | "any";
  readonly sort: "error" | "position";
  readonly limit: number;
  readonly offset: number;
}

/** Examples of evaluations, kept in pieces as they were sent; their errors and attributes are indexed when first asked for. */
export class KeptExamples {
  readonly #store: Store;
  readonly #loaded = new Map<string, Promise<Loaded>>();

  constructor(store: Store) {
    this.#store = store;
  }

  async put(run: string, first: number, examples: readonly JudgedExample[]): Promise<void> {
    const content = Buffer.from(toJson(examples));
    await this.#store.putBlob(run, keyOf(first), content, "application/json");
    this.#loaded.delete(run);
  }

  forget(run: string): void {
    this.#loaded.delete(run);
  }

  async index(run: string): Promise<ExampleIndex> {
    return (await this.#load(run)).index;
  }

  async find(run: string, query: ExampleQuery): Promise<{ examples: StoredExample[]; total: number }> {
    const loaded = await this.#load(run);
    const positions = await this.#positions(run, loaded, query);
    const page = positions.subarray(query.offset, query.offset + query.limit);
    return { examples: await this.#at(run, loaded, page), total: positions.length };
  }

  async #positions(run: string, loaded: Loaded, { where, search, wrong, sort }: ExampleQuery): Promise<Int32Array> {
    const key = JSON.stringify([where, search, wrong, sort]);
    const known = loaded.answers.get(key);
    if (known !== undefined) return known;
    let positions = loaded.index.where(where, wrong === "only");
    if (search !== undefined && search.trim() !== "")
      positions = await this.#containing(run, loaded, positions, search.trim().toLowerCase());
    if (sort === "error") positions = loaded.index.byError(positions);
    const oldest = loaded.answers.size >= mostAnswers ? loaded.answers.keys().next().value : undefined;
    if (oldest !== undefined) loaded.answers.delete(oldest);
    loaded.answers.set(key, positions);
    return positions;
  }

  async #containing(run: string, { pieces }: Loaded, positions: Int32Array, text: string): Promise<Int32Array> {
    const wanted = new Set(positions);
    const found: number[] = [];
    for (const piece of pieces) {
      const examples = await this.#read(run, piece);
      examples.forEach((example, i) => {
        if (wanted.has(piece.first + i) && holds(example, text)) found.push(piece.first + i);
      });
    }
    return Int32Array.from(found);
  }

  /** The examples at these positions; each piece is read once. */
  async #at(run: string, { pieces }: Loaded, positions: Int32Array): Promise<StoredExample[]> {
    const read = new Map<Piece, JudgedExample[]>();
    const examples: StoredExample[] = [];
    for (const position of positions) {
      const piece = pieces.findLast(({ first }) => first <= position);
      assert(piece !== undefined, "every position lies in a piece");
      const there = read.get(piece) ?? (await this.#read(run, piece));
      read.set(piece, there);
      const example = there[position - piece.first];
      if (example !== undefined) examples.push({ ...example, position });
    }
    return examples;
  }

  async #read(run: string, { key }: Piece): Promise<JudgedExample[]> {
    const blob = await this.#store.getBlob(run, key);
    return blob === undefined
      ? []
      : z.array(JudgedExample).parse(JSON.parse(Buffer.from(blob.content).toString("utf8")));
  }

  #load(run: string): Promise<Loaded> {
    const known = this.#loaded.get(run);
    if (known !== undefined) return known;
    const loading = this.#build(run);
    this.#loaded.set(run, loading);
    loading.catch(() => this.#loaded.delete(run));
    const oldest = this.#loaded.size > mostIndexes ? this.#loaded.keys().next().value : undefined;
    if (oldest !== undefined) this.#loaded.delete(oldest);
    return loading;
  }

  async #build(run: string): Promise<Loaded> {
    const keys = (await this.#store.listBlobs(run)).map(({ key }) => key).filter((key) => key.startsWith(prefix));
    const pieces = keys.toSorted().map((key): Piece => ({ key, first: Number(key.slice(prefix.length)) }));
    const last = pieces.at(-1);
    const n = last === undefined ? 0 : last.first + (await this.#read(run, last)).length;
    const index = new ExampleIndex(n);
    for (const piece of pieces)
      for (const [i, example] of (await this.#read(run, piece)).entries()) index.set(piece.first + i, example);
    return { index, pieces, answers: new Map() };
  }
}

const holds = ({ id, input, prediction, references }: JudgedExample, text: string): boolean =>
  [id, input ?? "", ...(typeof prediction === "string" ? [prediction] : (prediction ?? [])), ...references].some(
    (one) => one.toLowerCase().includes(text),
  );
