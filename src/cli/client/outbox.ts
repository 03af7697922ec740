import { randomBytes } from "node:crypto";
import { BatchReply } from "../../api/points.ts";
import { AppError, messageOf } from "../../base/errors.ts";
import { toJson } from "../../model/number.ts";
import type { LogRecord } from "../../model/record.ts";
import type { SeriesPoints } from "../../model/series.ts";
import type { Connection } from "./connection.ts";
import { batches, toWireSeries } from "./points-body.ts";
import type { Spool } from "./spool.ts";

/** One request that waits to be acknowledged. */
interface Letter {
  readonly method: "POST" | "PATCH";
  readonly path: string;
  /** JSON text. */
  readonly body: string;
  /** Points or records in it, for the counts. */
  readonly items: number;
}

/** Points and records wait this long for company. */
const batchMs = 150;
const retryMs = 1000;
const pointsPerBatch = 100_000;
const recordsPerBatch = 2000;
/** Letters held in memory; more go to the spool on disk. */
const memoryLimitBytes = 16 * 1024 * 1024;

/**
 * Delivers what one run has to say, in order, without ever making its producer wait.
 *
 * Lifecycle: points and records collect for `batchMs`, become numbered letters, and go out one by one.
 * When the server does not answer, the waiting letters move to the spool on disk; `retryMs` later the
 * spool is tried again from its start. The server drops what it has by writer and number, so a letter
 * whose answer was lost is safe to send again. `close` tries for a limited time; what is left stays in
 * the spool, which the server reads when it starts.
 */
export class Outbox {
  readonly #run: string;
  readonly #spool: Spool;
  readonly #locate: () => Promise<Connection | undefined>;
  readonly #writer = `cli-${randomBytes(8).toString("hex")}`;
  #connection: Connection | undefined;
  #sequence = 0;
  #points: SeriesPoints[] = [];
  #records: LogRecord[] = [];
  #letters: Letter[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #closed = false;
  /** A server has taken something; until then its absence is no event. */
  #answered = false;
  /** Reason why the server was not reached last time; undefined while it answers. */
  trouble: string | undefined;
  readonly sent = { items: 0, refused: 0, refusals: new Map<string, number>() };
  /** Called when the server goes away and when it is back. */
  onChange: (trouble: string | undefined) => void = () => {};

  /** `locate` finds the server; it is asked at first and after each failure, since a new one may be elsewhere. */
  constructor(run: string, spool: Spool, locate: () => Promise<Connection | undefined>) {
    this.#run = run;
    this.#spool = spool;
    this.#locate = locate;
  }

  startRun(body: Readonly<Record<string, unknown>>): void {
    this.#post("POST", "/api/v1/runs", toJson({ ...body, id: this.#run }), 0);
  }

  changeRun(changes: Readonly<Record<string, unknown>>): void {
    this.#seal();
    this.#post("PATCH", `/api/v1/runs/${this.#run}`, toJson(changes), 0);
  }

  add(series: readonly SeriesPoints[], records: readonly LogRecord[]): void {
    if (series.length === 0 && records.length === 0) return;
    this.#points.push(...series);
    this.#records.push(...records);
    this.#schedule(batchMs);
  }

  /** Sends what is there for at most `limitMs`; answers how many letters stay on disk. */
  async close(limitMs: number): Promise<number> {
    const until = Date.now() + limitMs;
    this.#seal();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.waiting > 0 && Date.now() < until) {
      await within(this.#deliver(), until - Date.now());
      if (this.waiting > 0 && this.trouble !== undefined) await later(Math.min(250, until - Date.now()));
    }
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#spill();
    this.#connection?.close();
    return this.#spool.count;
  }

  /** What neither the server nor the disk took. */
  get lost(): { letters: number; reason: string } | undefined {
    return this.#spool.lost === 0
      ? undefined
      : { letters: this.#spool.lost, reason: this.#spool.lostBecause ?? "unknown" };
  }

  get waiting(): number {
    return this.#letters.length + this.#spool.count;
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#seal();
      void this.#deliver();
    }, delayMs);
  }

  /** Turns what collected into letters. */
  #seal(): void {
    const points = this.#points;
    const records = this.#records;
    this.#points = [];
    this.#records = [];
    for (const batch of batches(points, pointsPerBatch)) {
      const items = batch.reduce((sum, { step }) => sum + step.length, 0);
      const body = JSON.stringify({ writer: this.#sign(), series: batch.map(toWireSeries) });
      this.#post("POST", `/api/v1/runs/${this.#run}/points`, body, items);
    }
    for (let from = 0; from < records.length; from += recordsPerBatch) {
      const batch = records.slice(from, from + recordsPerBatch);
      this.#post(
        "POST",
        `/api/v1/runs/${this.#run}/records`,
        toJson({ writer: this.#sign(), records: batch }),
        batch.length,
      );
    }
  }

  #sign(): { id: string; sequence: number } {
    this.#sequence += 1;
    return { id: this.#writer, sequence: this.#sequence };
  }

  #post(method: "POST" | "PATCH", path: string, body: string, items: number): void {
    this.#letters.push({ method, path, body, items });
    this.#bytes += body.length;
    if (this.#bytes > memoryLimitBytes) this.#spill();
    this.#schedule(batchMs);
  }

  /** One attempt to deliver everything, spool first. Concurrent callers share it. */
  async #deliver(): Promise<void> {
    this.#sending ??= this.#attempt().finally(() => {
      this.#sending = undefined;
      if (this.waiting > 0) this.#schedule(this.trouble === undefined ? 0 : retryMs);
    });
    return this.#sending;
  }

  async #attempt(): Promise<void> {
    try {
      this.#connection ??= await this.#locate();
      const connection = this.#connection;
      if (connection === undefined) throw new AppError("server-unreachable", "No llmdbg server runs.");
      await this.#spool.drain(async (letter) => this.#sendOne(connection, { ...letter, items: 0 }));
      for (let letter = this.#letters[0]; letter !== undefined && this.#spool.count === 0; letter = this.#letters[0]) {
        await this.#sendOne(connection, letter);
        // The spool may have taken this letter meanwhile; then it is sent twice, and stored once.
        if (this.#letters[0] === letter) {
          this.#letters.shift();
          this.#bytes -= letter.body.length;
        }
      }
      this.#setTrouble(undefined);
    } catch (thrown) {
      this.#connection?.close();
      this.#connection = undefined;
      this.#setTrouble(messageOf(thrown));
      this.#spill();
    }
  }

  /** Returns when the letter needs no more sending: stored, or refused for good. */
  async #sendOne(connection: Connection, letter: Letter): Promise<void> {
    try {
      const answer = await connection.send({
        method: letter.method,
        path: letter.path,
        body: letter.body,
        timeoutMs: 15_000,
      });
      this.sent.items += letter.items;
      this.#noteRefusals(answer);
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
      this.#refuse(messageOf(thrown), Math.max(1, letter.items));
    }
  }

  #noteRefusals(answer: string): void {
    if (!answer.includes('"rejected":[{')) return;
    const reply = BatchReply.safeParse(JSON.parse(answer));
    if (reply.success) for (const { reason } of reply.data.rejected) this.#refuse(reason, 1);
  }

  #refuse(reason: string, items: number): void {
    this.sent.refused += items;
    if (this.sent.refusals.size < 20) this.sent.refusals.set(reason, (this.sent.refusals.get(reason) ?? 0) + items);
  }

  #spill(): void {
    if (this.#letters.length === 0) return;
    this.#spool.write(this.#letters);
    this.#letters = [];
    this.#bytes = 0;
  }

  #setTrouble(trouble: string | undefined): void {
    const changed = (trouble === undefined) !== (this.trouble === undefined);
    this.trouble = trouble;
    if (changed && this.#answered) this.onChange(trouble);
    this.#answered ||= trouble === undefined;
  }
}

/** The server is there and will never take this; sending it again is useless. */
const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof AppError &&
  ["bad-request", "not-found", "conflict", "too-large", "unreadable-input"].includes(thrown.code);

/** Waits for the work or for the limit; leaves no timer behind that would keep the process alive. */
async function within(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, limitMs));
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

const later = async (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });
