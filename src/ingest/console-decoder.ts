/**
 * The console of a training run: points, records, settings and the trainer's kind from what it
 * prints. One decoder for log files and for the live output of a process; `stream` tells standard
 * output and error apart where they come separately (each has lines of its own, both tell of one
 * training).
 */
import type { Decoded } from "../model/batch.ts";
import { plain } from "./ansi.ts";
import { DecodedBuilder } from "./decoded-builder.ts";
import type { Decoder, DecoderContext } from "./format.ts";
import { readBar } from "./lines/bar-frame.ts";
import { openParsers } from "./lines/open-parsers.ts";
import type { OpenParsers } from "./lines/open-parsers.ts";
import type { ConsoleLine, Reading } from "./lines/line-parser.ts";
import { Progress } from "./lines/progress.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { Line } from "./line-splitter.ts";
import { peel } from "./records/log-prefix.ts";
import type { LogPrefix } from "./records/log-prefix.ts";
import { RecordAssembler } from "./records/record-assembler.ts";
import { replacements, Utf8 } from "./utf8.ts";

/** A reading held back until the training bar is drawn again, which tells its step. */
interface Waiting {
  readonly reading: Reading;
  readonly prefix: LogPrefix;
  readonly isEvaluation: boolean;
  readonly time: number;
  readonly line: number;
  /** Lines since; a bar that is never drawn again must not hold points for ever. */
  age: number;
}

interface Stream {
  readonly utf8: Utf8;
  readonly lines: LineSplitter;
}

/** Of a long input only the lines of so many bytes are held at once. */
const pieceLength = 65_536;
const patience = 64;
/** No trainer prints longer metric lines; what is longer is a record. */
const maxMetricLine = 65_536;
const noPrefix = peel("");
const redraws = /\u0008+|\u001B\[\d*A/;
const redrawn = /[\u0008\u001B]/;
/** What `plain` takes out, and what stands for bytes that were not UTF-8: most lines have neither. */
const special = /[\u0000-\u0008\u000B-\u001F\u007F\uFFFD]/;

export class ConsoleDecoder implements Decoder {
  readonly #context: DecoderContext;
  readonly #out = new DecodedBuilder();
  readonly #progress: Progress;
  readonly #parsers: OpenParsers;
  readonly #records: RecordAssembler;
  readonly #streams = new Map<string, Stream>();
  #waiting: Waiting[] = [];
  #line = 0;

  constructor(context: DecoderContext) {
    this.#context = context;
    const interval = context.config?.["logging_steps"];
    this.#progress = new Progress(typeof interval === "number" ? interval : undefined);
    this.#parsers = openParsers(this.#progress);
    this.#records = new RecordAssembler((record) => this.#out.record(record));
  }

  push(bytes: Uint8Array, stream = "out"): Decoded {
    const { utf8, lines } = this.#stream(stream);
    for (let from = 0; from < bytes.length; from += pieceLength) {
      const text = utf8.push(bytes.subarray(from, from + pieceLength));
      for (const line of lines.push(text)) this.#read(line, stream);
    }
    return this.#taken();
  }

  /** The same for input that is text already. */
  pushText(text: string, stream = "out"): Decoded {
    for (const line of this.#stream(stream).lines.push(text)) this.#read(line, stream);
    return this.#taken();
  }

  end(): Decoded {
    for (const [name, { utf8, lines }] of this.#streams) {
      for (const line of lines.push(utf8.end())) this.#read(line, name);
      for (const line of lines.end()) this.#read(line, name);
    }
    this.#settleAll(false);
    this.#records.flush();
    return this.#out.finish(this.#line);
  }

  #stream(name: string): Stream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = { utf8: new Utf8(), lines: new LineSplitter() };
      this.#streams.set(name, stream);
    }
    return stream;
  }

  #taken(): Decoded {
    if (this.#waiting.length > 0) this.#lookAhead();
    return this.#out.take();
  }

  #read(line: Line, stream: string): void {
    if (!line.overwritten) this.#line += 1;
    if (line.cut > 0)
      this.#out.reject(this.#line, `the line is longer than the limit; its last ${line.cut} characters are left out`);
    if (!special.test(line.text)) {
      this.#readText(line.text, line.overwritten, stream);
      return;
    }
    const bad = replacements(line.text);
    if (bad > 0) this.#out.reject(this.#line, `not UTF-8 in ${bad} places, shown as U+FFFD`);
    // Two more ways of drawing over: going back by characters (Keras), going up a line (nested bars).
    const drawn = redrawn.test(line.text) ? line.text.split(redraws) : [line.text];
    drawn.forEach((text, i) => this.#readText(plain(text), line.overwritten || i < drawn.length - 1, stream));
  }

  #readText(text: string, isOverwritten: boolean, stream: string): void {
    let rest = text;
    // A program that prints while a bar is shown continues on the bar's line.
    for (let found = readBar(rest); found !== undefined; found = readBar(rest)) {
      const { bar } = found;
      this.#bar({ text: "", body: "", bar });
      rest = found.rest;
      // A description with columns is a row of a table, which its parser has read.
      const isName = bar.description !== "" && !/ {2}/.test(bar.description);
      const isDone = isName && bar.done === bar.total && !isOverwritten && rest.trim() === "";
      if (isDone) this.#records.line(peel(`${bar.description}: ${bar.done}/${bar.total}`), this.#place());
      if (rest.trim() === "") return;
    }
    if (rest.trim() === "" && rest === "" && isOverwritten) return;
    this.#text(rest, isOverwritten, stream);
  }

  #bar(line: ConsoleLine): void {
    const reading = this.#parse(line);
    if (reading !== undefined) this.#accept(reading, noPrefix, true);
    const bar = line.bar;
    const training = this.#progress.bar;
    if (this.#waiting.length > 0 && bar?.description === "" && training?.total === bar.total) this.#settleAll(true);
  }

  #text(text: string, isOverwritten: boolean, stream: string): void {
    const prefix = peel(text);
    if (!isOverwritten && this.#records.take(prefix, () => this.#place(prefix), stream)) return;
    if (text.trim() === "") return;
    const reading = this.#parse({ text, body: prefix.body, bar: undefined });
    if (reading === undefined) {
      if (!isOverwritten) this.#records.line(prefix, this.#place(prefix));
    } else this.#accept(reading, prefix);
    this.#patience();
  }

  #parse(line: ConsoleLine): Reading | undefined {
    if (line.text.length > maxMetricLine) return undefined;
    for (const parse of this.#parsers.of(line)) {
      const reading = parse(line);
      if (reading !== undefined) return reading;
    }
    return undefined;
  }

  #accept(reading: Reading, prefix: LogPrefix, isEvaluation = reading.isEvaluation === true): void {
    if (reading.dialect !== undefined) this.#recognise(reading.dialect);
    for (const [key, value] of reading.config ?? []) this.#out.configure(key, value);
    if (reading.record !== undefined) {
      if (/^\*{5} Running training/.test(prefix.body.trim())) {
        this.#settleAll(false);
        this.#records.restart();
      }
      const shown = reading.record === true ? prefix : { ...prefix, body: reading.record };
      this.#records.line(shown, this.#place(prefix), reading.level);
    }
    const { metrics } = reading;
    if (metrics === undefined || metrics.length === 0) return;
    const time = this.#time(prefix);
    if (reading.step !== undefined) {
      this.#emit(reading, prefix, { step: reading.step, time, line: this.#line, isEvaluation });
      return;
    }
    // Whatever waited has had its chance: two lines without a bar between them.
    this.#settleAll(false);
    if (!isEvaluation) this.#progress.adoptBar();
    const place = this.#progress.place(reading.epoch, isEvaluation);
    if (place === "wait") this.#waiting.push({ reading, prefix, isEvaluation, time, line: this.#line, age: 0 });
    else this.#emit(reading, prefix, { step: place, time, line: this.#line, isEvaluation });
  }

  #emit(
    reading: Reading,
    prefix: LogPrefix,
    at: { step: number; time: number; line: number; isEvaluation: boolean },
  ): void {
    // The first rank's series have no label, as those of a run with one process; others are told apart.
    const rank = prefix.rank !== null && prefix.rank > 0 ? { rank: String(prefix.rank) } : undefined;
    const labels = reading.labels === undefined ? rank : { ...rank, ...reading.labels };
    const place = { step: at.step, time: at.time, index: at.line };
    for (const [name, value] of reading.metrics ?? []) this.#out.point(name, labels, place, value);
    if (!at.isEvaluation) this.#progress.arrive(at.step, reading.epoch);
  }

  #settleAll(isExact: boolean): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reading, prefix, isEvaluation, time, line } of waiting) {
      const step = this.#progress.settle(reading.epoch, { isExact, isEvaluation });
      this.#emit(reading, prefix, { step, time, line, isEvaluation });
    }
  }

  #patience(): void {
    if (this.#waiting.length === 0) return;
    for (const waiting of this.#waiting) waiting.age += 1;
    if (this.#waiting.some(({ age }) => age > patience)) this.#settleAll(false);
  }

  /** A bar is drawn without a line end behind it, so what waits for it looks at the unfinished lines. */
  #lookAhead(): void {
    for (const { lines } of this.#streams.values()) {
      const bar = readBar(plain(lines.tail))?.bar;
      if (bar?.description !== "" || this.#progress.bar?.total !== bar.total) continue;
      this.#progress.draw(bar.done, bar.total);
      this.#settleAll(true);
      return;
    }
  }

  /** A trainer built on another prints the other's lines too: the more specific name stays. */
  #recognise(dialect: string): void {
    const current = this.#out.dialect;
    if (current === undefined || general.has(current))
      this.#out.dialect = general.has(dialect) ? (current ?? dialect) : dialect;
  }

  #place(prefix?: LogPrefix): { time: number | null; step: number | null } {
    const time = this.#time(prefix);
    return { time: Number.isNaN(time) ? null : time, step: this.#progress.current ?? null };
  }

  /** The line's own time when it has a zone, or when there is no other; a time without zone is read as UTC. */
  #time(prefix?: LogPrefix): number {
    const now = this.#context.now();
    if (prefix?.time === undefined) return now;
    return prefix.zoned || Number.isNaN(now) ? prefix.time : now;
  }
}

/** Trainers on which others are built. */
const general = new Set(["hf", "lightning", "deepspeed"]);
