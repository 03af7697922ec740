import type { Decoded } from "../model/batch.ts";
import type { FlatConfig } from "../model/config.ts";

/**
 * A format turns bytes into series, records and configuration. Pure: whoever reads the file or the
 * pipe (the command line, the server) pushes what it read, in pieces of any size and cut anywhere.
 */
export interface Format {
  /** kebab-case, also the file's name. */
  readonly id: string;
  /** For people: "Hugging Face trainer_state.json". */
  readonly title: string;
  /**
   * Whether the file begins like this format, judged by its content. `head` is up to the first
   * 64 KiB; `name` is the base name, only to break ties between formats that look the same.
   */
  sniff(head: Uint8Array, name: string): boolean;
  /**
   * `append`: the file only grows, new bytes mean new points. `rewrite`: any change means the whole
   * file again (JSON documents, CSV that is rewritten when a column appears); the reader then starts
   * a new decoder, and `Follower` in the command line passes on only points it has not seen.
   */
  readonly growth: "append" | "rewrite";
  decoder(context: DecoderContext): Decoder;
}

export interface DecoderContext {
  /** Milliseconds since the epoch for input that carries no time of its own; NaN when unknown. */
  readonly now: () => number;
  /** Start of a recording in milliseconds since the epoch, for formats whose times count from it. */
  readonly startedAt?: number | undefined;
  /** Settings known beforehand, e.g. from the command line: `logging_steps` places lines without a step. */
  readonly config?: FlatConfig | undefined;
}

export interface Decoder {
  /** What became complete with these bytes. Never throws on bad input: that is what `rejected` is for. */
  push(bytes: Uint8Array): Decoded;
  /** What was still held back (an unfinished last line, an open traceback). */
  end(): Decoded;
}

/** A line longer than this is cut, and the cut is reported; a 200 MB line must not take the memory. */
export const maxLineBytes = 1_048_576;
