import { createWriteStream, renameSync, writeFileSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { messageOf } from "../../base/errors.ts";
import { toJson } from "../../model/number.ts";
import { makeDirectory } from "../make-directory.ts";
import type { Output } from "./child.ts";

/** Writes a run as a recording directory: run.json and console.jsonl. Never throws: the training comes first. */
export class Recorder {
  readonly directory: string;
  /** Why the recording is incomplete, when it is. */
  trouble: string | undefined;
  readonly #startedAt: number;
  readonly #about: Readonly<Record<string, unknown>>;
  readonly #decoders = { out: new StringDecoder("utf8"), err: new StringDecoder("utf8") };
  #console: WriteStream | undefined;

  constructor(dataDirectory: string, run: string, startedAt: number, about: Readonly<Record<string, unknown>>) {
    this.directory = join(dataDirectory, "recordings", run);
    this.#startedAt = startedAt;
    this.#about = about;
    try {
      makeDirectory(this.directory);
      this.#writeRun({ endedAt: null, exitStatus: null });
      this.#console = createWriteStream(join(this.directory, "console.jsonl"), { mode: 0o600 });
      this.#console.on("error", (error) => {
        this.trouble ??= messageOf(error);
        this.#console = undefined;
      });
    } catch (thrown) {
      this.trouble = messageOf(thrown);
    }
  }

  saw(stream: Output, bytes: Buffer, now: number): void {
    const text = this.#decoders[stream].write(bytes);
    if (text !== "") this.#console?.write(`${JSON.stringify({ t: now - this.#startedAt, stream, text })}\n`);
  }

  async end(exitStatus: number, endedAt: number, more: Readonly<Record<string, unknown>>): Promise<void> {
    const file = this.#console;
    this.#console = undefined;
    if (file !== undefined) await new Promise<void>((resolve) => void file.end(() => resolve()));
    try {
      this.#writeRun({ endedAt, exitStatus, ...more });
    } catch (thrown) {
      this.trouble ??= messageOf(thrown);
    }
  }

  #writeRun(ending: Readonly<Record<string, unknown>>): void {
    const path = join(this.directory, "run.json");
    const content = { schema: "llmdbg.recording/1", ...this.#about, startedAt: this.#startedAt, ...ending };
    writeFileSync(`${path}.new`, `${toJson(content, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}
