import type { Decoded } from "../../model/batch.ts";
import { ConsoleDecoder } from "../console-decoder.ts";
import type { Decoder, DecoderContext, Format } from "../format.ts";
import { headRows } from "../json-lines.ts";
import { LineSplitter } from "../line-splitter.ts";
import type { Line } from "../line-splitter.ts";
import { isObject, readLiteral } from "../literal.ts";
import type { LiteralObject } from "../literal.ts";
import { mergeDecoded } from "../merge.ts";
import { decodeUtf8, Utf8 } from "../utf8.ts";

/** A recorded console: `{"t": ms since start, "stream": "out"|"err", "text": "..."}` on each line. */
export const timedConsole: Format = {
  id: "timed-console",
  title: "llmdbg recording of a console",
  growth: "append",
  sniff(head) {
    const first = headRows(decodeUtf8(head), 3)?.[0];
    return first !== undefined && entryOf(first) !== undefined;
  },
  decoder: (context) => new TimedConsoleDecoder(context),
};

class TimedConsoleDecoder implements Decoder {
  readonly #utf8 = new Utf8();
  readonly #lines = new LineSplitter({ returns: false });
  readonly #console: ConsoleDecoder;
  readonly #start: number;
  #now = Number.NaN;
  #line = 0;

  constructor(context: DecoderContext) {
    this.#start = context.startedAt ?? Number.NaN;
    this.#console = new ConsoleDecoder({ ...context, now: () => this.#now });
  }

  push(bytes: Uint8Array): Decoded {
    return mergeDecoded(this.#lines.push(this.#utf8.push(bytes)).map((line) => this.#read(line)));
  }

  end(): Decoded {
    const rest = [...this.#lines.push(this.#utf8.end()), ...this.#lines.end()].map((line) => this.#read(line));
    return mergeDecoded([...rest, this.#console.end()]);
  }

  #read(line: Line): Decoded {
    this.#line += 1;
    if (line.text.trim() === "") return empty;
    const reading = line.cut > 0 ? undefined : readLiteral(line.text);
    const row = reading?.broken === undefined ? reading?.value : undefined;
    const entry = isObject(row) ? entryOf(row) : undefined;
    if (entry === undefined) {
      const reason = line.cut > 0 ? "the line is longer than the limit" : "not an entry of a recording";
      return { ...empty, rejected: [{ index: this.#line, reason }] };
    }
    this.#now = this.#start + entry.t;
    return this.#console.pushText(entry.text, entry.stream);
  }
}

const empty: Decoded = { series: [], records: [], config: {}, rejected: [] };

function entryOf(row: LiteralObject): { t: number; stream: string; text: string } | undefined {
  const t = row.get("t");
  const stream = row.get("stream");
  const text = row.get("text");
  if (typeof t !== "number" || typeof text !== "string" || (stream !== "out" && stream !== "err")) return undefined;
  return { t, stream, text };
}
