import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { blankStrings, callsIn } from "./python-calls.ts";
import { readRows, type ParsedRow, type RowFormat } from "./read-rows.ts";
import { readConfig } from "./read-settings.ts";
import { readScript } from "./read-script.ts";
import { take } from "./take.ts";

const dir = mkdtempSync(join(tmpdir(), "llmdbg-lint-"));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function rows(format: RowFormat, content: string | Uint8Array, name = `rows.${format}`): Promise<ParsedRow[]> {
  const found: ParsedRow[] = [];
  await readRows(file(name, content), { format, onRow: (row) => found.push(row), onProgress: () => {} });
  return found;
}

describe("rows", () => {
  test("JSON lines: blank lines, a mark of byte order, a line that is broken, no newline at the end", async () => {
    expect(await rows("jsonl", '\ufeff{"a": 1}\n\n{"a": \n{"a": "é"}')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 3, broken: expect.stringContaining("not JSON") },
      { line: 4, value: { a: "é" } },
    ]);
  });

  test("bytes that are not UTF-8 break their row, in Latin-1; UTF-16 is named", async () => {
    const latin = Buffer.from('{"a": "x"}\n{"a": "caf\u00e9 cr\u00e8me"}\n', "latin1");
    expect(await rows("jsonl", latin)).toEqual([
      { line: 1, value: { a: "x" } },
      { line: 2, broken: "not UTF-8 (byte E9); save the file as UTF-8" },
    ]);
    const table = Buffer.from("a,b\n1,2\n3,caf\u00e9\n", "latin1");
    expect((await rows("csv", table)).map(({ line, broken }) => [line, broken])).toEqual([
      [2, undefined],
      [3, "not UTF-8; save the file as UTF-8"],
    ]);
    expect(await rows("csv", "a\n\ufffd\n")).toEqual([{ line: 2, value: { a: "\ufffd" } }]);
    for (const text of ['\ufeff{"a": 1}', '{"a": 1}'])
      await expect(rows("jsonl", Buffer.from(text, "utf16le"))).rejects.toThrow(/is UTF-16; save it as UTF-8/);
    await expect(take(file("u.yaml", Buffer.from("\ufefflearning_rate: 1", "utf16le")))).rejects.toThrow(/is UTF-16/);
    await expect(take(file("l.yaml", Buffer.from("a: 1\nb: \u00e9\n", "latin1")))).rejects.toThrow(
      /line 2 is not UTF-8/,
    );
  });

  test("a JSON list: brackets in texts, escapes, nesting; each row knows its line", async () => {
    const list = [{ a: 'x], {"' }, { b: [[1], { c: "\\" }] }, 5];
    expect(await rows("json", JSON.stringify(list))).toEqual(list.map((value) => ({ line: 1, value })));
    expect((await rows("json", JSON.stringify(list, null, 2))).map(({ line }) => line)).toEqual([2, 5, 15]);
    expect(await rows("json", "[]")).toEqual([]);
    expect((await rows("json", '[{"a": 1}, {"b": ')).map(({ broken }) => broken)).toEqual([
      undefined,
      "the file ends inside the list",
    ]);
  });

  test("CSV: quotes, doubled quotes, line ends and commas in fields, lists as JSON, rows of another width", async () => {
    const text = 'id,text,ids\r\n1,"a ""b"", c\nd",[1]\r\n2,"",x\n3\n4,"","last"';
    expect(await rows("csv", text)).toEqual([
      { line: 2, value: { id: "1", text: 'a "b", c\nd', ids: [1] } },
      { line: 4, value: { id: "2", text: "", ids: "x" } },
      { line: 5, broken: "1 fields, the header has 3" },
      { line: 6, value: { id: "4", text: "", ids: "last" } },
    ]);
    expect(await rows("csv", 'a,b\n1,"open\n')).toEqual([{ line: 2, broken: "a quote is not closed" }]);
  });

  test("rows that lie across the pieces of a file", async () => {
    const values = Array.from({ length: 300 }, (_, i) => ({ text: `${i} é "quoted", `.repeat(700) }));
    const read = async (format: RowFormat, text: string): Promise<unknown[]> =>
      (await rows(format, text)).map(({ value }) => value);
    expect(await read("jsonl", values.map((value) => JSON.stringify(value)).join("\n"))).toEqual(values);
    expect(await read("json", JSON.stringify(values))).toEqual(values);
    expect(
      await read("csv", `text\n${values.map(({ text }) => `"${text.replaceAll('"', '""')}"`).join("\n")}`),
    ).toEqual(values);
  });
});

describe("configurations", () => {
  test("YAML as PyYAML reads it, with lines and repeated keys", () => {
    const { values, lines, repeated } = readConfig(
      "a.yaml",
      "bf16: on\noptimizer:\n  lr: 1e-5\n  # remark\n  eps: 1.0e-8\nseed: 1\nseed: 2\n",
    );
    expect({ ...values }).toEqual({ bf16: true, "optimizer.lr": 1e-5, "optimizer.eps": 1e-8, seed: 2 });
    expect([...(lines ?? [])]).toEqual([
      ["bf16", 1],
      ["optimizer", 2],
      ["optimizer.lr", 3],
      ["optimizer.eps", 5],
      ["seed", 7],
    ]);
    expect(repeated).toEqual([{ key: "seed", line: 7 }]);
  });

  test("mistakes are said with their line", () => {
    expect(() => readConfig("a.yaml", "a: 1\nb: [1\nc: 2")).toThrow(/^a\.yaml, line \d is not YAML: /);
    expect(() => readConfig("a.json", '{"a": 1,}')).toThrow(/^a\.json is not JSON: /);
  });

  test.each([
    ["notes.txt", "hello", /reads YAML, JSON and Python/],
    ["empty.yaml", "", /is empty/],
    ["other.json", '{"name": "x"}', /has no options of/],
    ["script.py", "print('x')", undefined],
  ])("%s", async (name, content, message) => {
    const taking = take(file(name, content));
    if (message === undefined) await expect(taking).resolves.toMatchObject({ kind: "script" });
    else await expect(taking).rejects.toThrow(message);
  });

  test("brackets in each other without end are refused", () => {
    expect(() => readConfig("a.yaml", "[".repeat(100_000))).toThrow(/^a\.yaml/);
    expect(() => readConfig("a.json", `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)).toThrow(/^a\.json/);
  });

  test("JSON that is rows, one to a line, is data", async () => {
    expect(await take(file("lines.json", '{"text": "a"}\n{"text": "b"}\n'))).toMatchObject({
      kind: "data",
      format: "jsonl",
    });
    expect(await take(file("list.json", '\n [{"text": "a"}]'))).toMatchObject({ kind: "data", format: "json" });
    expect(await take(file("part.parquet", "PAR1"))).toMatchObject({
      kind: "not read",
      why: expect.stringContaining("JSON lines"),
    });
  });
});

describe("scripts", () => {
  test("literals, constants and defaults of argparse; what is computed is not known", () => {
    const { values, unknown, lines, dialect } = readScript(`
from trl import SFTConfig
import argparse
LR = 2e-4  # a constant
STEPS = 10
STEPS = STEPS * 2
p = argparse.ArgumentParser()
p.add_argument("--batch-size", type=int, default=4, help="rows (per device), not tokens")
args = SFTConfig(
    learning_rate=LR,
    per_device_train_batch_size=args.batch_size,
    max_steps=STEPS,
    bf16=torch.cuda.is_bf16_supported(),  # fp16=True, is commented out
    run_name="a, b=(c",
    gradient_checkpointing_kwargs={"use_reentrant": False},
)
`);
    expect({ ...values }).toEqual({
      learning_rate: 2e-4,
      per_device_train_batch_size: 4,
      run_name: "a, b=(c",
      "gradient_checkpointing_kwargs.use_reentrant": false,
    });
    expect([...(unknown ?? [])]).toEqual(["max_steps", "bf16"]);
    expect(lines?.get("bf16")).toBe(13);
    expect(dialect).toBe("trl");
  });

  test("unpacked options may set anything; a script without training arguments is none", () => {
    expect([...(readScript("a = TrainingArguments(seed=1, **extra)").unknown ?? [])]).toEqual(["*"]);
    expect(readScript("print(SFTConfigOf(1))").dialect).toBe(null);
    expect(readScript("class TrainingArguments(Base):\n  learning_rate: float = 1").dialect).toBe(null);
  });

  test("brackets and quotes in strings and comments do not count", () => {
    const code = 'f(\'(\', """a\n)""", r\'\\\'\') # )\ng(1)';
    expect(blankStrings(code)).toHaveLength(code.length);
    expect(callsIn(code, blankStrings(code)).map(({ name, args }) => [name, args.length])).toEqual([
      ["f", 3],
      ["g", 1],
    ]);
  });
});
