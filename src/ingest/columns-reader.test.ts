import { expect, test } from "vitest";
import { random } from "../analysis/synthetic.fixture.ts";
import { formats, mergeDecoded } from "./index.ts";
import type { Decoded } from "../model/batch.ts";
import { readColumns } from "./columns-reader.ts";

/** As files are read: every piece lies in the same buffer. */
function decode(text: string, length: number): Decoded {
  const bytes = Buffer.from(text);
  const decoder = formats.find(({ id }) => id === "columns")?.decoder({ now: () => Number.NaN });
  if (decoder === undefined) throw new Error("no format columns");
  const piece = Buffer.alloc(length);
  const parts: Decoded[] = [];
  for (let at = 0; at < bytes.length; at += length) {
    const count = bytes.copy(piece, 0, at);
    parts.push(decoder.push(piece.subarray(0, count)));
  }
  return mergeDecoded([...parts, decoder.end()]);
}

const shown = ({ series, records, rejected }: Decoded): unknown => ({
  series: series.map(({ step, time, value, ...rest }) => [rest, [...step], [...time], [...value]]),
  records,
  rejected,
});

const whole = (text: string): ReturnType<typeof readColumns> => readColumns([new Uint8Array(Buffer.from(text))]);

test.each([1, 2, 3])("the short way comes to what the long way does, seed %i", (seed) => {
  const next = random(seed);
  const pick = (list: readonly string[]): string => list[next.integer(0, list.length - 1)] ?? "";
  const odd = [
    "-0",
    "0",
    '"NaN"',
    '"Infinity"',
    '"-Infinity"',
    "null",
    "NaN",
    "-Infinity",
    "1e-7",
    "2.3456789493560791",
  ];
  for (let round = 0; round < 60; round++) {
    const gap = pick(["", " ", "\n  "]);
    const series = Array.from({ length: next.integer(0, 6) }, (_, i) => {
      const length = next.integer(0, 3) === 0 ? 7 : 12;
      const column = (make: (row: number) => string): string =>
        `[${Array.from({ length }, (_row, row) => make(row)).join(`,${gap}`)}]`;
      const step = column((row) => (next.uniform() < 0.02 ? "3" : String(row * 10)));
      const value = column(() => (next.uniform() < 0.1 ? pick(odd) : String(next.normal())));
      const labels = i % 2 === 0 ? `"labels":${gap}{"layer":${gap}"h.${i}"},` : "";
      const time = i % 3 === 0 ? `"time":${gap}${column((row) => String(1_700_000_000_000 + row))},` : "";
      return `{"name":${gap}"größe, ${i}",${labels}"step":${gap}${step},${time}"value":${value}}`;
    });
    const records = `"records":[{"level":"info","message":"step ${round}"}]`;
    const text = `{"schema":${gap}"llmdbg.points/1","series":[${series.join(`,${gap}`)}],${records}}\n`;
    expect(whole(text), text).toBeDefined();
    // A member that is not known is passed over, but in the long way only.
    const long = text.replace('"series"', '"by":"hand","series"');
    expect(whole(long)).toBeUndefined();
    const length = next.integer(1, 400);
    expect(shown(decode(text, length)), `seed ${seed}, round ${round}`).toEqual(shown(decode(long, length)));
  }
});

test("series of the same steps share the column", () => {
  const one = `"step":[1,2,3],"value":[1,2,3]`;
  const { series } = decode(`{"schema":"llmdbg.points/1","series":[{"name":"a",${one}},{"name":"b",${one}}]}`, 1_000);
  expect(series[1]?.step).toBe(series[0]?.step);
  expect(series[1]?.time).toBe(series[0]?.time);
});

test.each([
  ["breaks off", '{"schema":"llmdbg.points/1","series":[{"name":"a","step":[1,2'],
  ["has a trailing comma", '{"schema":"llmdbg.points/1","series":[{"name":"a","step":[1,],"value":[1]}]}'],
  [
    "has a number that JSON does not know",
    '{"schema":"llmdbg.points/1","series":[{"name":"a","step":[1],"value":[.5]}]}',
  ],
  ["has a text that is escaped", '{"schema":"llmdbg.points/1","series":[{"name":"a\\n","step":[1],"value":[5]}]}'],
  ["has something behind its end", '{"schema":"llmdbg.points/1","series":[]} x'],
  ["has another schema", '{"schema":"llmdbg.points/2","series":[]}'],
])("a document that %s is left to the long way", (_, text) => expect(whole(text)).toBeUndefined());
