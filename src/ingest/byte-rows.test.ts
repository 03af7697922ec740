import { expect, test } from "vitest";
import { random } from "../analysis/synthetic.fixture.ts";
import { formats, mergeDecoded } from "./index.ts";
import type { Decoded } from "../model/batch.ts";

function decode(id: string, pieces: readonly Uint8Array[]): Decoded {
  const decoder = formats.find((format) => format.id === id)?.decoder({ now: () => Number.NaN });
  if (decoder === undefined) throw new Error(`no format ${id}`);
  return mergeDecoded([...pieces.map((piece) => decoder.push(piece)), decoder.end()]);
}

const plain = (decoded: Decoded): unknown => ({
  ...decoded,
  series: decoded.series.map(({ name, step, time, value }) => ({
    name,
    step: [...step],
    time: [...time],
    value: [...value],
  })),
});

const odd = [
  "",
  "  ",
  "{}",
  "garbage",
  '{"step":1',
  '{"step":3,"loss":"NaN"}',
  "step,loss",
  '4,"open',
  "5,NA,1,1",
  "6,,,",
  "\uFEFF",
];
const numbers = ["0", "-0", "1.5", "2.3456789493560791", "1e-7", "12345678901234567890", "null", "NaN", "1e400", "007"];

test.each([1, 2, 3, 4])("pieces cut anywhere come to what the long way does, seed %i", (seed) => {
  const next = random(seed);
  const pick = (list: readonly string[]): string => list[next.integer(0, list.length - 1)] ?? "";
  for (let round = 0; round < 60; round++) {
    const isCsv = round % 2 === 0;
    const rows = Array.from({ length: 40 }, (_, i) => {
      if (next.uniform() < 0.05) return pick(odd);
      const usual = (): string => (next.uniform() < 0.05 ? pick(numbers) : String(next.normal()));
      if (isCsv) return `${i},${usual()},${next.uniform() < 0.1 ? "" : usual()},${1_700_000_000 + i}`;
      const evaluation = next.uniform() < 0.1 ? `"eval_loss": ${usual()}, ` : "";
      const split = pick(['"train"', '"train"', '"é"', "null", '"3.5"', '"a\\n"', "4"]);
      const day = pick([
        '"2026-01-02T03:04:05"',
        `"2026-01-02 03:04:${10 + i}Z"`,
        '"1969-01-01 00:00:00"',
        '"soon"',
        "1e9",
      ]);
      const named = round % 4 === 1 ? `"split": ${split}, "date": ${day}, ` : "";
      return `{"step": ${i}, ${named}${evaluation}"loss": ${usual()}, "grad_norm": ${usual()}, "timestamp": ${1_700_000_000 + i}}`;
    });
    const end = round % 3 === 0 ? "\r\n" : "\n";
    const header = isCsv ? ["step,loss,grad_norm,timestamp"] : [];
    const text = [...header, ...rows].join(end) + end;
    const bytes = new Uint8Array(Buffer.from(text));
    const cuts = Array.from({ length: next.integer(1, 6) }, () => next.integer(0, bytes.length)).sort((a, b) => a - b);
    const pieces = [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i] ?? bytes.length));
    const id = isCsv ? "csv" : "jsonl";
    // Rows with an object, or a quoted field, all go the long way.
    const long = rows.map((row) =>
      isCsv ? row.replace(/^\d+/, '"$&"') : row.replace(/(\d{10})\}$/, '$1, "nothing": {}}'),
    );
    const whole = new Uint8Array(Buffer.from([...header, ...long].join(end) + end));
    const expected = plain(decode(id, [whole]));
    expect(plain(decode(id, pieces)), `seed ${seed}, round ${round}`).toEqual(expected);
  }
});

test("metrics with a value in every row share the columns of their steps", () => {
  const line = (step: number): Uint8Array => new Uint8Array(Buffer.from(`{"step":${step},"loss":1.5,"lr":0.1}\n`));
  const { series } = decode("jsonl", [1, 2, 3, 4].map(line));
  expect(series.map(({ name, step, value }) => [name, [...step], [...value]])).toEqual([
    ["loss", [1, 2, 3, 4], [1.5, 1.5, 1.5, 1.5]],
    ["lr", [1, 2, 3, 4], [0.1, 0.1, 0.1, 0.1]],
  ]);
});
