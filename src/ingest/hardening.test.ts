import { describe, expect, test } from "vitest";
import { formats, mergeDecoded, refusalOf, sniffFormat } from "./index.ts";
import type { Format } from "./index.ts";
import type { Decoded } from "../model/batch.ts";

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const context = { now: () => Number.NaN };
const byId = (id: string): Format => {
  const format = formats.find((candidate) => candidate.id === id);
  if (format === undefined) throw new Error(`no format ${id}`);
  return format;
};

function decode(format: Format, ...pieces: readonly Uint8Array[]): Decoded {
  const decoder = format.decoder(context);
  return mergeDecoded([...pieces.map((piece) => decoder.push(piece)), decoder.end()]);
}

/** Processor time, since other work on the machine must not fail a test. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const values = (decoded: Decoded, name: string): [number, number][] => {
  const series = decoded.series.find((candidate) => candidate.name === name);
  return series === undefined ? [] : [...series.step].map((step, i) => [step, series.value[i] ?? -1]);
};

describe("files that are no input", () => {
  test("an empty file is refused, and no decoder fails on it", () => {
    expect(sniffFormat(new Uint8Array(0), "a.json")).toBeUndefined();
    expect(refusalOf(new Uint8Array(0), "a.json")).toBe("a.json is empty");
    for (const format of formats) expect(decode(format).series).toEqual([]);
  });

  test("a binary file is refused by name of its kind", () => {
    const checkpoint = new Uint8Array([0x50, 0x4b, 3, 4, ...Array.from({ length: 2_000 }, (_, i) => (i * 37) % 256)]);
    expect(sniffFormat(checkpoint, "model.pt")).toBeUndefined();
    expect(refusalOf(checkpoint, "model.pt")).toMatch(/^model\.pt is a zip archive \(a PyTorch checkpoint is one\)/);
    const noise = Uint8Array.from({ length: 4_096 }, (_, i) => (i * 7919) % 256);
    expect(refusalOf(noise, "x.bin")).toMatch(/is a binary file/);
  });

  test("no decoder throws on noise", () => {
    const noise = Uint8Array.from({ length: 20_000 }, (_, i) => (i * i * 31 + i * 7) % 256);
    for (const format of formats) expect(() => decode(format, noise)).not.toThrow();
  });
});

describe("trainer_state.json", () => {
  const rows = Array.from(
    { length: 50 },
    (_, i) => `{"epoch": ${i / 10}, "loss": ${i === 7 ? "NaN" : 2 - i / 100}, "step": ${i}}`,
  );
  const text = `{\n "best_metric": null,\n "global_step": 50,\n "log_history": [\n  ${rows.join(",\n  ")}\n ],\n "max_steps": 50\n}`;

  test("keeps bare NaN", () => {
    const decoded = decode(byId("trainer-state"), utf8(text));
    expect(values(decoded, "loss")[7]).toEqual([7, Number.NaN]);
    expect(decoded.config["max_steps"]).toBe(50);
    expect(decoded.rejected).toEqual([]);
  });

  test("keeps every complete entry of a document that breaks off, and says so", () => {
    const cut = text.indexOf('"step": 20') + 4;
    const decoded = decode(byId("trainer-state"), utf8(text.slice(0, cut)));
    expect(values(decoded, "loss")).toHaveLength(20);
    expect(decoded.rejected).toEqual([
      { index: 25, reason: "the document breaks off (the text ends); its first 20 log entries are kept" },
    ]);
  });

  test("breaks off anywhere without a throw, and never invents a value", () => {
    const whole = new Map(values(decode(byId("trainer-state"), utf8(text)), "loss"));
    for (let cut = 0; cut < 400; cut += 1) {
      for (const [step, value] of values(decode(byId("trainer-state"), utf8(text.slice(0, cut))), "loss")) {
        expect(value).toBe(whole.get(step));
      }
    }
  });

  test("24,000 log rows take well under 300 ms", () => {
    const many = Array.from(
      { length: 24_000 },
      (_, i) =>
        `{"epoch": ${i / 1000}, "grad_norm": ${1 + (i % 7) / 10}, "learning_rate": ${1e-4 * (1 - i / 24_000)}, "loss": ${2 + Math.sin(i)}, "step": ${i}}`,
    );
    const bytes = utf8(`{"global_step": 24000, "log_history": [${many.join(",\n    ")}]}`);
    decode(byId("trainer-state"), bytes);
    let decoded: Decoded | undefined;
    const elapsed = cpuMs(() => {
      decoded = decode(byId("trainer-state"), bytes);
    });
    expect(elapsed).toBeLessThan(300);
    if (decoded === undefined) throw new Error("not decoded");
    expect(values(decoded, "loss")).toHaveLength(24_000);
  });
});

describe("points.json", () => {
  const text = `{"schema": "llmdbg.points/1", "series": [${Array.from(
    { length: 5 },
    (_, i) => `{"name": "s${i}", "step": [1, 2], "value": [${i}, "NaN"]}`,
  ).join(", ")}]}`;

  test("a document that breaks off keeps its whole series and says so", () => {
    const decoded = decode(byId("columns"), utf8(text.slice(0, text.indexOf('"s3"') + 25)));
    expect(decoded.series.map(({ name }) => name)).toEqual(["s0", "s1", "s2"]);
    expect(decoded.rejected[0]?.reason).toMatch(/^the document breaks off/);
  });

  test("breaks off anywhere without a throw, and never pairs a value with another's step", () => {
    for (let cut = 0; cut < text.length; cut += 1)
      for (const { step, value } of decode(byId("columns"), utf8(text.slice(0, cut))).series)
        expect([step.length, value.length]).toEqual([2, 2]);
  });

  test.each([
    ["[]", "not a JSON object"],
    ["", "the file is empty"],
    ['{"schema": "llmdbg.points/2"}', "the schema is not llmdbg.points/1"],
    ['{"schema": "llmdbg.points/1", "series": {}}', "series is not a list"],
    ['{"schema": "llmdbg.points/1"}', "no series and no records"],
  ])("%s is refused with its reason", (malformed, reason) => {
    const decoded = decode(byId("columns"), utf8(malformed));
    expect(decoded.series).toEqual([]);
    expect(decoded.rejected).toEqual([{ index: 0, reason }]);
  });

  test("labels that would reach a prototype are plain data", () => {
    decode(
      byId("columns"),
      utf8(text.replace('"name": "s0"', '"name": "s0", "labels": {"__proto__": "x", "constructor": "y"}')),
    );
    expect(({} as Record<string, unknown>)["constructor"]).toBe(Object);
  });
});

describe("console", () => {
  test("invalid UTF-8 is shown as U+FFFD and counted with its line", () => {
    const bytes = new Uint8Array([...utf8("fine\nbad "), 0xff, 0xfe, ...utf8(" text\n{'loss': 1.5, 'epoch': 0.1}\n")]);
    const decoded = decode(byId("console"), bytes);
    expect(decoded.records[1]?.message).toBe("bad \uFFFD\uFFFD text");
    expect(decoded.rejected).toEqual([{ index: 2, reason: "not UTF-8 in 2 places, shown as U+FFFD" }]);
    expect(values(decoded, "loss")).toEqual([[1, 1.5]]);
  });

  test("a line of 200 MB is cut and reported, and the memory stays bounded", () => {
    const piece = utf8("x".repeat(1_048_576));
    const decoder = byId("console").decoder(context);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 200; i += 1) expect(decoder.push(piece).records).toEqual([]);
    const grown = process.memoryUsage().rss - before;
    const decoded = mergeDecoded([decoder.push(utf8("\n{'loss': 2.5, 'epoch': 0.1}\n")), decoder.end()]);
    expect(grown).toBeLessThan(100 * 1_048_576);
    expect(decoded.rejected[0]?.reason).toMatch(/longer than the limit; its last 208666624 characters are left out/);
    expect(decoded.records[0]?.message.length).toBe(65_536);
    expect(values(decoded, "loss")).toEqual([[1, 2.5]]);
  });

  test("keys that would reach a prototype are plain data", () => {
    const decoded = decode(byId("console"), utf8("{'__proto__': 1.5, 'loss': 2.0, 'constructor': 3, 'epoch': 0.1}\n"));
    expect(decoded.series.map(({ name }) => name)).toContain("__proto__");
    expect(({} as Record<string, unknown>)["loss"]).toBeUndefined();
  });

  test("200,000 lines take seconds at most, whatever they are", () => {
    const lines = Array.from({ length: 200_000 }, (_, i) => {
      if (i % 4 === 0) return `step ${i}: train loss ${2 + Math.sin(i)}, val loss 2.1`;
      if (i % 4 === 1) return `2026-01-10 17:52:11,320 - trainer - INFO - processed shard ${i} of data in 12 ms`;
      if (i % 4 === 2) return `\r ${i % 100}%|███  | ${i}/200000 [00:10<00:20, 10.05it/s]`;
      return `step=${i} loss=${1 + (i % 9)} lr=0.001`;
    });
    const bytes = utf8(lines.join("\n"));
    let decoded: Decoded | undefined;
    const elapsed = cpuMs(() => {
      decoded = decode(byId("console"), bytes);
    });
    if (decoded === undefined) throw new Error("not decoded");
    expect(values(decoded, "loss").length).toBeGreaterThan(49_000);
    // About 0.7 s on a slow core: a million lines in some seconds.
    expect(elapsed).toBeLessThan(4_000);
  });
});

describe("lines and rows", () => {
  test("a step that is text is a step, another text is refused with its line", () => {
    const decoded = decode(
      byId("jsonl"),
      utf8('{"step": "10/100", "loss": 1}\n{"step": "11", "loss": 2}\n{"step": "x", "loss": 3}\n'),
    );
    expect(values(decoded, "loss")).toEqual([
      [10, 1],
      [11, 2],
    ]);
    expect(decoded.config["max_steps"]).toBe(100);
    expect(decoded.rejected).toEqual([{ index: 3, reason: 'step is "x", not a number' }]);
  });

  test("refusals are counted beyond the first thousand", () => {
    const decoded = decode(byId("jsonl"), utf8('{"step": 1, "loss": 1}\n' + "bad\n".repeat(1_500)));
    expect(decoded.rejected).toHaveLength(1_001);
    expect(decoded.rejected.at(-1)?.reason).toBe("500 more refusals like these");
  });

  test("a name that comes twice, or empty names, cost no other column", () => {
    const decoded = decode(byId("csv"), utf8("step,loss,loss,,\n1,2,9,x,\n2,1.5,9,x,\n"));
    expect(decoded.series.map(({ name, value }) => [name, [...value]])).toEqual([["loss", [2, 1.5]]]);
  });

  test("decimal commas are read where semicolons part the fields", () => {
    const decoded = decode(byId("csv"), utf8("step;loss;rate\n1;2,5;1,5e-4\n2;,25;2\n"));
    expect(decoded.series.map(({ value }) => [...value])).toEqual([
      [2.5, 0.25],
      [0.00015, 2],
    ]);
  });

  test("a CSV whose header changes midway goes on with the new one", () => {
    const decoded = decode(byId("csv"), utf8("step,loss\n1,2.5\nepoch,step,loss,val_loss\n0,2,2.25,\n0,3,,1.5\n"));
    expect(values(decoded, "loss")).toEqual([
      [1, 2.5],
      [2, 2.25],
    ]);
    expect(values(decoded, "val_loss")).toEqual([[3, 1.5]]);
    expect(decoded.rejected).toEqual([]);
  });

  test("a quote that is never closed does not swallow the file", () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${i + 2},${i}`).join("\n");
    const decoded = decode(byId("csv"), utf8(`step,loss\n1,"open\n${rows}\n`));
    expect(values(decoded, "loss").length).toBeGreaterThan(190);
  });

  test("a step beyond 2^53 is refused", () => {
    const decoded = decode(byId("jsonl"), utf8('{"step": 1e300, "loss": 1}\n'));
    expect(decoded.series).toEqual([]);
    expect(decoded.rejected).toHaveLength(1);
  });
});

test("no line makes a pattern run away", () => {
  const prefixes = ["", "all ", "2024-01-01 12:00:00 ", "step 1 | ", "Epoch GPU_mem loss\nall "];
  const units = ["a.b", "..", "1.", "a ", "a: ", "a=1 ", "|", "/a", "{'a': ", "nan ", "1/1 ", "0x", "::", "'"];
  for (const prefix of prefixes) {
    for (const unit of units) {
      const text = `${prefix}${unit.repeat(30_000 / unit.length)}!\n`;
      const elapsed = cpuMs(() => void decode(byId("console"), utf8(text)));
      // Linear patterns take 5 to 50 ms for these 30 kB.
      expect(elapsed, `${prefix}${unit}...`).toBeLessThan(400);
    }
  }
});
