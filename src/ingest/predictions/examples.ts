/** Predictions in whatever form they were written, as examples: bytes in pieces in, examples out at the end. */
import type { Example } from "../../model/example.ts";
import { binaryKind } from "../binary.ts";
import { replacement, Utf8 } from "../utf8.ts";
import { readDocument } from "./documents.ts";
import { EvaluationLogs } from "./evaluation-logs.ts";
import { isKnownName, type Role, type Roles } from "./field-names.ts";
import { RowReader, type Form } from "./row-reader.ts";
import { parseValue, type RowSink } from "./row.ts";
import { settle } from "./settle.ts";
import { delimiterOf, JsonLines, JsonList, Table, TextLines, WholeDocument, type Splitter } from "./splitters.ts";

export interface ReadOptions {
  /** Base name of the file: breaks ties between forms that look the same. */
  readonly name: string;
  /** Fields that the user named. */
  readonly fields: Roles;
  /** The user's own columns to keep; null: all. */
  readonly attributes: readonly string[] | null;
  /** Characters of text that may be held; more is refused. */
  readonly mostCharacters: number;
}

export interface Rejected {
  readonly line: number;
  readonly reason: string;
}

export interface ReadExamples {
  readonly examples: readonly Example[];
  /** "JSON lines"; null when nothing could be read. */
  readonly form: string | null;
  readonly rejected: { readonly count: number; readonly examples: readonly Rejected[] };
  /** Which fields played which role, most frequent form of row first. */
  readonly forms: readonly Form[];
  /** Why nothing could be read at all. */
  readonly refusal: string | null;
}

const mostRejectedShown = 10;
const headCharacters = 65_536;
/** Bytes by which text and other files are told apart. */
const telling = 512;

export class ExamplesReader {
  readonly #options: ReadOptions;
  readonly #utf8 = new Utf8();
  readonly #rows: RowReader;
  readonly #logs = new EvaluationLogs();
  readonly #examples: Example[] = [];
  readonly #rejected: Rejected[] = [];
  #rejections = 0;
  #characters = 0;
  #head = "";
  #splitter: Splitter | null = null;
  #form: string | null = null;
  #refusal: string | null = null;
  /** The first bytes, until there are enough to tell what they are. */
  #start: Uint8Array | null = new Uint8Array(0);

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#rows = new RowReader(options.fields, options.attributes);
  }

  /** False once the file is refused: the rest need not be read. */
  push(bytes: Uint8Array): boolean {
    if (this.#start === null) this.#accept(bytes);
    else {
      const start = new Uint8Array(this.#start.length + bytes.length);
      start.set(this.#start);
      start.set(bytes, this.#start.length);
      this.#start = start;
      if (start.length >= telling) this.#judge();
    }
    return this.#refusal === null;
  }

  /** Text or not, by the first bytes. */
  #judge(): void {
    const start = this.#start ?? new Uint8Array(0);
    this.#start = null;
    this.#refusal = binaryKind(start) ?? null;
    this.#accept(start);
  }

  #accept(bytes: Uint8Array): void {
    if (this.#refusal === null) this.#text(this.#utf8.push(bytes));
  }

  end(): ReadExamples {
    if (this.#start !== null) this.#judge();
    if (this.#refusal === null) {
      this.#text(this.#utf8.end());
      if (this.#splitter === null) this.#begin();
      this.#splitter?.end();
    }
    const form = this.#logs.form ?? this.#form;
    const forms = [...this.#rows.forms.values()].toSorted((a, b) => b.rows - a.rows);
    return {
      examples: settle(this.#examples, forms[0]?.roles.get("latency")),
      form: this.#examples.length === 0 ? null : form,
      rejected: { count: this.#rejections, examples: this.#rejected },
      forms,
      refusal: this.#refusal,
    };
  }

  #text(text: string): void {
    if (this.#splitter !== null) {
      this.#splitter.push(text);
      return;
    }
    this.#head += text;
    if (this.#head.length >= headCharacters) this.#begin();
  }

  #begin(): void {
    const head = this.#head;
    this.#head = "";
    this.#splitter = this.#splitterFor(head);
    this.#splitter.push(head);
  }

  #splitterFor(head: string): Splitter {
    const sink: RowSink = {
      row: (line, value) => this.#take(value, line),
      reject: (line, reason) => this.#reject(line, reason),
    };
    const start = head.trimStart();
    const first = start.split("\n", 1)[0] ?? "";
    if (start.startsWith("{")) {
      const row = parseValue(first);
      // A document may stand on one line: then there is no second one.
      const isDocument = row === undefined || (start.trimEnd() === first.trimEnd() && readDocument(row) !== undefined);
      this.#form = isDocument ? "JSON document" : "JSON lines";
      return isDocument ? new WholeDocument(sink, (value) => this.#document(value)) : new JsonLines(sink);
    }
    if (start.startsWith("[")) {
      this.#form = "JSON list";
      return new JsonList(sink);
    }
    const delimiter = /\.tsv$/i.test(this.#options.name) ? "\t" : delimiterOf(first);
    const isTable =
      delimiter !== undefined &&
      (/\.(csv|tsv)$/i.test(this.#options.name) || first.split(delimiter).some((name) => this.#isColumn(name)));
    this.#form = isTable ? "CSV" : "text, a prediction on each line";
    return isTable ? new Table(sink, delimiter) : new TextLines(sink);
  }

  #isColumn(name: string): boolean {
    const bare = name.trim().replaceAll('"', "");
    return isKnownName(bare) || [...this.#options.fields.values()].includes(bare);
  }

  #document(value: unknown): void {
    const document = readDocument(value);
    if (document === undefined) {
      // One row alone is a file with one prediction.
      this.#take(value, 1);
      return;
    }
    this.#form = document.form;
    document.rows?.forEach((row, i) => this.#take(row, i + 1));
    document.examples?.forEach((example) => this.#keep(example));
  }

  #take(value: unknown, line: number): void {
    const logged = this.#logs.read(value, line);
    if (logged === "skip") return;
    const example = logged ?? this.#rows.read(value, line);
    if (typeof example === "string") this.#reject(line, example);
    else this.#keep(example);
  }

  #keep(example: Example): void {
    this.#characters += sizeOf(example);
    if (this.#characters > this.#options.mostCharacters) this.#refusal ??= "too large";
    else this.#examples.push(example);
  }

  #reject(line: number, reason: string): void {
    this.#rejections += 1;
    if (this.#rejected.length < mostRejectedShown)
      this.#rejected.push({ line, reason: reason.replaceAll(replacement, "?") });
  }
}

/** Characters of an example, and what its objects take besides: about 300 bytes were measured. */
function sizeOf({ input, prediction, references, attributes, logProbs }: Example): number {
  const predicted = typeof prediction === "string" ? prediction.length : (prediction ?? []).join("").length;
  return (
    300 +
    (input?.length ?? 0) +
    predicted +
    references.reduce((sum, { length }) => sum + length, 0) +
    attributes.size * 40 +
    (logProbs?.length ?? 0) * 8
  );
}

export const rolesFrom = (given: Readonly<Partial<Record<Role, string | undefined>>>): Roles => {
  const roles = new Map<Role, string>();
  for (const role of ["input", "prediction", "reference"] as const) {
    const path = given[role];
    if (path !== undefined) roles.set(role, path);
  }
  return roles;
};
