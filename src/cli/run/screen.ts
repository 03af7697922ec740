import { stripVTControlCharacters } from "node:util";

/** A line longer than this cannot be put back after a notice. */
const longestTail = 4096;
/** A notice waits this long for the child to finish an escape sequence or to leave the full-screen mode. */
const patienceMs = 300;

/**
 * Prints notices between the output of a child without spoiling its line: what stands in the unfinished
 * line (a progress bar, a prompt) is cleared, the notice printed, and the line put back below it.
 */
export class Screen {
  readonly #write: (text: string | Buffer) => void;
  readonly #columns: (() => number) | undefined;
  /** Bytes since the last line end or carriage return: what is on the current line. */
  #tail: Buffer = Buffer.alloc(0);
  #fullScreen = false;
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `columns`: width of the terminal that shows both the child's output and the notices; undefined when they go apart. */
  constructor(write: (text: string | Buffer) => void, columns: (() => number) | undefined) {
    this.#write = write;
    this.#columns = columns;
  }

  /** The child wrote this to the terminal. */
  saw(bytes: Buffer): void {
    const line = bytes.lastIndexOf(10);
    this.#tail = line === -1 ? Buffer.concat([this.#tail, bytes]) : bytes.subarray(line + 1);
    // A carriage return at the very end leaves the line as it is; what follows one draws over it.
    const drawn = this.#tail.lastIndexOf(13, this.#tail.length - 2);
    if (drawn !== -1 && this.#tail.length > 1) this.#tail = this.#tail.subarray(drawn + 1);
    if (this.#tail.length > 4 * longestTail) this.#tail = this.#tail.subarray(-2 * longestTail);
    const text = bytes.includes(27) ? bytes.toString("latin1") : "";
    const on = text.lastIndexOf("\u001b[?1049h");
    const off = text.lastIndexOf("\u001b[?1049l");
    if (on !== off) this.#fullScreen = on > off;
    if (this.#waiting.length > 0) this.#flush(false);
  }

  /** Prints a block of whole lines, at once or as soon as the child's output allows. */
  print(block: string): void {
    this.#waiting.push(block);
    this.#flush(false);
  }

  /** Prints what still waits; the child is over. */
  end(): void {
    this.#fullScreen = false;
    this.#flush(true);
    clearTimeout(this.#timer);
  }

  #flush(now: boolean): void {
    if (this.#waiting.length === 0) return;
    if (this.#columns !== undefined && !now && (this.#fullScreen || endsInside(this.#tail))) {
      if (!this.#fullScreen) this.#timer ??= setTimeout(() => this.#flush(true), patienceMs).unref();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const block = this.#waiting.join("");
    this.#waiting = [];
    if (this.#columns === undefined || this.#tail.length === 0) {
      this.#write(block);
      return;
    }
    const text = this.#tail.toString("utf8");
    const shown = stripVTControlCharacters(text).replaceAll("\r", "");
    if (this.#tail.length > longestTail || movesCursor(text)) {
      this.#write(`\r\n\u001b[J${block}`);
      this.#tail = Buffer.alloc(0);
      return;
    }
    const rows = Math.max(0, Math.ceil(shown.length / Math.max(1, this.#columns())) - 1);
    this.#write(`\r${rows > 0 ? `\u001b[${rows}A` : ""}\u001b[J${block}`);
    this.#write(this.#tail);
  }
}

/** Several bars at once move the cursor between lines; then the current line cannot be put back. */
const movesCursor = (text: string): boolean => /\u001b\[\d*(;\d*)?[ABEFHJSTdf]/.test(text);

/** Whether the bytes stop inside an escape sequence or a character. */
function endsInside(tail: Buffer): boolean {
  const end = tail.subarray(-32);
  const escape = end.lastIndexOf(27);
  if (escape !== -1 && /^\u001b(\[[0-?]*[ -/]*)?$/.test(end.subarray(escape).toString("latin1"))) return true;
  for (let back = 1; back <= Math.min(3, end.length); back += 1) {
    const byte = end[end.length - back] ?? 0;
    if (byte < 0x80) return false;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2);
  }
  return false;
}
