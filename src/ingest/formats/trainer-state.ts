import type { Decoded } from "../../model/batch.ts";
import { DecodedBuilder } from "../decoded-builder.ts";
import type { Decoder, DecoderContext, Format } from "../format.ts";
import { isObject, readLiteral } from "../literal.ts";
import type { Literal, LiteralObject } from "../literal.ts";
import { numberOf } from "../number-text.ts";
import { template } from "../records/template.ts";
import { flatRow, stepOf } from "../step-key.ts";
import { decodeUtf8, replacements, Utf8 } from "../utf8.ts";

/** A document is read whole; this is a million log rows and keeps the memory bounded. */
const maxDocument = 256 * 1024 * 1024;

// transformers/trainer_callback.py, TrainerState. Values of the run, named as TrainingArguments where that has them.
const settings: ReadonlyMap<string, string> = new Map([
  ["max_steps", "max_steps"],
  ["num_train_epochs", "num_train_epochs"],
  ["logging_steps", "logging_steps"],
  ["eval_steps", "eval_steps"],
  ["save_steps", "save_steps"],
  ["train_batch_size", "per_device_train_batch_size"],
]);

/** Hugging Face `trainer_state.json`, as written into each checkpoint. */
export const trainerState: Format = {
  id: "trainer-state",
  title: "Hugging Face trainer_state.json",
  growth: "rewrite",
  sniff(head) {
    const text = decodeUtf8(head);
    if (!/^\s*\{/.test(text)) return false;
    if (/"log_history"\s*:\s*\[/.test(text)) return true;
    // The history may stand behind the first 64 KiB. A whole object on the first line is JSON lines.
    if (/^\s*\{[^\n]*\}[ \r]*\n\s*\{/.test(text)) return false;
    return /"global_step"\s*:/.test(text) && /"best_(metric|model_checkpoint)"\s*:/.test(text);
  },
  decoder: (context) => new TrainerStateDecoder(context),
};

class TrainerStateDecoder implements Decoder {
  readonly #utf8 = new Utf8();
  readonly #out = new DecodedBuilder();
  readonly #now: () => number;
  #text: string[] = [];
  #length = 0;
  #dropped = 0;

  constructor(context: DecoderContext) {
    this.#now = context.now;
    this.#out.dialect = "hf";
  }

  push(bytes: Uint8Array): Decoded {
    this.#keep(this.#utf8.push(bytes));
    return this.#out.take();
  }

  end(): Decoded {
    this.#keep(this.#utf8.end());
    const text = this.#text.join("");
    this.#text = [];
    if (this.#dropped > 0)
      this.#out.reject(0, `the document is longer than the limit; ${this.#dropped} characters are left out`);
    const bad = replacements(text);
    if (bad > 0) this.#out.reject(0, `not UTF-8 in ${bad} places, shown as U+FFFD`);
    this.#read(text);
    return this.#out.finish(0);
  }

  #keep(text: string): void {
    const room = maxDocument - this.#length;
    const kept = text.length <= room ? text : text.slice(0, room);
    this.#dropped += text.length - kept.length;
    this.#length += kept.length;
    if (kept !== "") this.#text.push(kept);
  }

  #read(text: string): void {
    const reading = readLiteral(text);
    const document = reading?.value;
    if (!isObject(document)) {
      this.#out.reject(0, text.trim() === "" ? "the file is empty" : "not a JSON object");
      return;
    }
    const history = document.get("log_history");
    const rows = Array.isArray(history) ? history : [];
    if (reading?.broken !== undefined) {
      const where = text.slice(0, reading.end).split("\n").length;
      this.#out.reject(
        where,
        `the document breaks off (${reading.broken}); its first ${rows.length} log entries are kept`,
      );
    }
    if (!Array.isArray(history)) this.#out.reject(0, "no log_history");
    for (const [key, name] of settings) {
      const value = document.get(key);
      if (typeof value === "number" && value > 0) this.#out.configure(name, value);
    }
    const now = this.#now();
    rows.forEach((row, i) => this.#row(row, i + 1, now));
  }

  #row(row: Literal, index: number, time: number): void {
    if (!isObject(row)) {
      this.#out.reject(index, "a log entry that is not an object");
      return;
    }
    const step = stepOf(row.get("step"))?.step;
    if (step === undefined || !Number.isSafeInteger(step)) {
      this.#out.reject(index, `a log entry without an integer step`);
      return;
    }
    if (row.has("train_runtime")) {
      this.#summary(row, step);
      return;
    }
    for (const [name, value] of flatRow(row)) {
      if (name === "step") continue;
      const number = typeof value === "number" ? value : typeof value === "string" ? numberOf(value) : undefined;
      if (number !== undefined) this.#out.point(name, undefined, { step, time, index }, number);
    }
  }

  /** Means over the whole run: its `train_loss` is not a point of the loss curve. */
  #summary(row: LiteralObject, step: number): void {
    const pairs = [...row]
      .filter(([name]) => name !== "step")
      .map(([name, value]) => `${name}=${typeof value === "object" ? "..." : value}`);
    const message = `Training ended: ${pairs.join(", ")}`;
    this.#out.record({
      time: null,
      level: "info",
      logger: null,
      message,
      exception: null,
      step,
      rank: null,
      group: template(message),
      role: null,
    });
  }
}
