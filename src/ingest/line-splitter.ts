import { maxLineBytes } from "./format.ts";

/**
 * One line as it stood on the terminal. `overwritten`: it ended with a carriage return, so the next
 * one is drawn over it, as progress bars do. `cut`: characters dropped from its end for its length.
 */
export interface Line {
  readonly text: string;
  readonly overwritten: boolean;
  readonly cut: number;
}

/**
 * Text to lines, whatever the pieces. A line ends at `\n`, `\r\n` or `\r`. At most `maxLineBytes`
 * characters of an unfinished line are held; the rest is counted and dropped.
 */
export class LineSplitter {
  #held = "";
  #cut = 0;
  /** The piece before ended with `\r`: whether that is a line end depends on the next character. */
  #carriage = false;
  readonly #returns: boolean;

  /** `returns: false` for files in which a lone `\r` is part of a value. */
  constructor(options: { returns: boolean } = { returns: true }) {
    this.#returns = options.returns;
  }

  /** The unfinished line, for those who want to look ahead. */
  get tail(): string {
    return this.#held;
  }

  push(text: string): Line[] {
    const lines: Line[] = [];
    let from = 0;
    if (this.#carriage && text.length > 0) {
      this.#carriage = false;
      const newline = text.startsWith("\n");
      if (newline) from = 1;
      lines.push(this.#take(!newline));
    }
    let feed = text.indexOf("\n", from);
    let carriage = this.#returns ? text.indexOf("\r", from) : -1;
    while (feed !== -1 || carriage !== -1) {
      if (carriage !== -1 && (feed === -1 || carriage < feed)) {
        this.#hold(text, from, carriage);
        if (carriage === text.length - 1) {
          this.#carriage = true;
          return lines;
        }
        const newline = feed === carriage + 1;
        lines.push(this.#take(!newline));
        from = newline ? carriage + 2 : carriage + 1;
        if (newline) feed = text.indexOf("\n", from);
        carriage = text.indexOf("\r", from);
      } else {
        this.#hold(text, from, feed);
        lines.push(this.#take(false));
        from = feed + 1;
        feed = text.indexOf("\n", from);
      }
    }
    this.#hold(text, from, text.length);
    return lines;
  }

  end(): Line[] {
    if (this.#held === "" && this.#cut === 0 && !this.#carriage) return [];
    const carriage = this.#carriage;
    this.#carriage = false;
    return [this.#take(carriage)];
  }

  #hold(text: string, from: number, to: number): void {
    const room = maxLineBytes - this.#held.length;
    const length = to - from;
    if (length <= room) this.#held = this.#held === "" ? text.slice(from, to) : this.#held + text.slice(from, to);
    else {
      this.#held += text.slice(from, from + room);
      this.#cut += length - room;
    }
  }

  #take(overwritten: boolean): Line {
    let text = this.#held;
    if (!this.#returns && text.endsWith("\r")) text = text.slice(0, -1);
    const line: Line = { text, overwritten, cut: this.#cut };
    this.#held = "";
    this.#cut = 0;
    return line;
  }
}
