import type { Level, LogRecord } from "../../model/record.ts";
import type { LogPrefix } from "./log-prefix.ts";
import { Roles } from "./role.ts";
import { template } from "./template.ts";
import {
  chain,
  groupOfTraceback,
  header,
  isFrameLine,
  isLastLine,
  messageOfTraceback,
  startsTraceback,
} from "./traceback.ts";

const maxMessage = 65_536;
const maxException = 262_144;
/** Writers with an open record at once: ranks, workers. The oldest is closed when more appear. */
const maxOpen = 1_024;

/** What a record gets besides its text. */
export interface RecordPlace {
  readonly time: number | null;
  readonly step: number | null;
}

interface Open {
  readonly kind: "traceback" | "warning";
  readonly lines: string[];
  readonly prefix: LogPrefix;
  readonly place: RecordPlace;
  length: number;
  dropped: number;
  /** The last line `Type: message` was seen; what comes now decides whether the exception is chained. */
  complete: boolean;
  /** Blank lines seen after that. */
  blanks: number;
}

interface What {
  readonly level: Level;
  readonly message: string;
  readonly exception: string | null;
  readonly isException: boolean;
  /** Without one it is the message's template. */
  readonly group?: string;
}

const warningLine = /^\S.*?:\d+: (\w*Warning): /;
const exceptionLine = /^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit)(?:: |:?$)/;
const errorStart =
  /^(?:\S+: )?(?:FATAL|ERROR|Error|error|Fatal error|Segmentation fault|Killed\b|Aborted\b|Bus error|srun: error|panic)/;
const errorWord = /\b(?:core dumped\b|OOM[- ]?kill)|CUDA error:/;

/**
 * Lines that are no metrics to records: a whole traceback is one record, a Python warning has its
 * source line with it, everything else is a record of its own. Tracebacks of interleaved ranks are
 * told apart by their prefix.
 */
export class RecordAssembler {
  readonly #open = new Map<string, Open>();
  readonly #roles = new Roles();
  readonly #emit: (record: LogRecord) => void;

  constructor(emit: (record: LogRecord) => void) {
    this.#emit = emit;
  }

  /** True when the line belongs to a record that is open, or opens one; then it is nothing else. */
  take(prefix: LogPrefix, placeOf: () => RecordPlace, source: string): boolean {
    const key = source + prefix.writer;
    const open = this.#open.size === 0 ? undefined : this.#open.get(key);
    if (open !== undefined) {
      if (this.#continues(open, prefix.body)) return true;
      this.#close(key, open);
    }
    const { body } = prefix;
    const isTraceback = startsTraceback(body);
    if (!isTraceback && !(body.includes("Warning: ") && warningLine.test(body))) return false;
    if (this.#open.size >= maxOpen) {
      const [oldest] = this.#open;
      if (oldest !== undefined) this.#close(oldest[0], oldest[1]);
    }
    const kind = isTraceback ? "traceback" : "warning";
    this.#open.set(key, {
      kind,
      lines: [body],
      prefix,
      place: placeOf(),
      length: body.length,
      dropped: 0,
      complete: false,
      blanks: 0,
    });
    return true;
  }

  /** A line of its own. */
  line(prefix: LogPrefix, place: RecordPlace, level?: Level): void {
    const { body } = prefix;
    const message = body.trim();
    if (message === "") return;
    const isException = exceptionLine.test(message);
    const found =
      prefix.level ?? level ?? (isException || errorStart.test(message) || errorWord.test(message) ? "error" : "info");
    this.#record(prefix, place, { level: found, message, exception: null, isException });
  }

  /** Gives out what is open, e.g. because the process has ended. */
  flush(): void {
    for (const [key, open] of this.#open) this.#close(key, open);
  }

  /** A new process begins. */
  restart(): void {
    this.#roles.restart();
  }

  #continues(open: Open, body: string): boolean {
    if (open.kind === "warning") {
      // One line of source follows a warning, indented by two.
      if (open.lines.length === 1 && /^ {2}\S/.test(body)) return this.#add(open, body);
      return false;
    }
    if (body.trim() === "") {
      open.blanks += 1;
      // A blank line inside of source or a message; two at the end are the end.
      return open.blanks < 3 && this.#add(open, "");
    }
    if (!open.complete) {
      open.blanks = 0;
      if (isFrameLine(body)) return this.#add(open, body);
      if (header.test(body)) return this.#add(open, body);
      if (!isLastLine(body)) return false;
      open.complete = true;
      return this.#add(open, body);
    }
    if (chain.test(body)) {
      open.complete = false;
      return this.#add(open, body);
    }
    // The rest of a message of several lines is indented (size mismatches of a state dict).
    const isRest = open.blanks === 0 && /^(\t| {2,})\S/.test(body);
    return isRest && this.#add(open, body);
  }

  #add(open: Open, body: string): true {
    open.length += body.length + 1;
    if (open.length <= maxException - 200) open.lines.push(body);
    else {
      // The end of a traceback says what happened, so the middle goes.
      open.dropped += 1;
      const middle = Math.floor(open.lines.length / 2);
      for (let excess = body.length + 1; excess > 0 && open.lines.length > 2;) {
        const [gone = ""] = open.lines.splice(middle, 1);
        excess -= gone.length + 1;
        open.length -= gone.length + 1;
      }
      open.lines.push(body);
    }
    return true;
  }

  #close(key: string, open: Open): void {
    this.#open.delete(key);
    if (open.kind === "warning") {
      const level = open.prefix.level ?? "warning";
      this.#record(open.prefix, open.place, {
        level,
        message: open.lines.join("\n"),
        exception: null,
        isException: false,
      });
      return;
    }
    while (open.lines.at(-1) === "") open.lines.pop();
    const message = messageOfTraceback(open.lines);
    if (open.dropped > 0)
      open.lines.splice(Math.floor(open.lines.length / 2), 0, `  ... ${open.dropped} lines left out ...`);
    const exception = open.lines.join("\n").slice(0, maxException);
    const group = groupOfTraceback(open.lines, message);
    this.#record(open.prefix, open.place, { level: "error", message, exception, isException: true, group });
  }

  #record(prefix: LogPrefix, place: RecordPlace, what: What): void {
    const group = what.group ?? template(what.message);
    const role = this.#roles.of(what, group);
    const message = what.message.length > maxMessage ? `${what.message.slice(0, maxMessage - 1)}…` : what.message;
    this.#emit({
      time: place.time,
      level: what.level,
      logger: prefix.logger === null ? null : prefix.logger.slice(0, 512),
      message,
      exception: what.exception,
      step: place.step,
      rank: prefix.rank,
      group,
      role,
    });
  }
}
