import { describe, expect, test } from "vitest";
import type { LogRecord } from "../../model/record.ts";
import { LogRecord as LogRecordSchema } from "../../model/record.ts";
import { ConsoleDecoder } from "../console-decoder.ts";
import { mergeDecoded } from "../merge.ts";
import { peel } from "./log-prefix.ts";
import { template } from "./template.ts";

function records(text: string): readonly LogRecord[] {
  const decoder = new ConsoleDecoder({ now: () => Number.NaN });
  const { records: found } = mergeDecoded([decoder.pushText(text), decoder.end()]);
  for (const record of found) LogRecordSchema.parse(record);
  return found;
}

const traceback = (line: number, message: string): string =>
  `Traceback (most recent call last):
  File "/home/user/a/train.py", line ${line}, in <module>
    main()
  File "/home/user/a/train.py", line ${line + 5}, in main
    out = model(batch)
          ^^^^^^^^^^^^
  File "/home/user/.venv/lib/python3.11/site-packages/torch/nn/modules/module.py", line 1511, in _wrapped_call_impl
    return self._call_impl(*args, **kwargs)
${message}
`;

describe("tracebacks", () => {
  test("one record; message is the last line, exception the whole text", () => {
    const text = traceback(10, "RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x8 and 4x8)");
    const [first, ...rest] = records(`before\n${text}after\n`).slice(1);
    expect(first).toMatchObject({
      level: "error",
      message: "RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x8 and 4x8)",
      exception: text.trimEnd(),
      role: "root",
    });
    expect(rest.map(({ message }) => message)).toEqual(["after"]);
  });

  test("the same failure has the same group, whatever its line numbers and values", () => {
    const [a, b, c] = records(
      traceback(10, "ValueError: bad value 3") +
        "x\n" +
        traceback(99, "ValueError: bad value 4") +
        "x\n" +
        traceback(10, "KeyError: 'a'"),
    ).filter(({ exception }) => exception !== null);
    expect(a?.group).toBe(b?.group);
    expect(a?.group).not.toBe(c?.group);
    expect([a?.role, b?.role, c?.role]).toEqual(["root", "root", null]);
  });

  test("chained exceptions are one record with the last message", () => {
    const text = `${traceback(1, "KeyError: 'x'")}
During handling of the above exception, another exception occurred:

${traceback(20, "RuntimeError: no x")}
The above exception was the direct cause of the following exception:

${traceback(30, "TrainingError: gave up")}`;
    const found = records(text);
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toBe("TrainingError: gave up");
    expect(found[0]?.exception).toBe(text.trimEnd());
  });

  test("ranks that interleave are told apart", () => {
    const lines = traceback(10, "RuntimeError: boom").trimEnd().split("\n");
    const text = lines.flatMap((line) => [`[rank0]: ${line}`, `[rank3]: ${line}`]).join("\n");
    const found = records(text);
    expect(found.map(({ rank, message, role }) => [rank, message, role])).toEqual([
      [0, "RuntimeError: boom", "root"],
      [3, "RuntimeError: boom", "root"],
    ]);
    expect(found[0]?.group).toBe(found[1]?.group);
  });

  test("a syntax error has carets and no header", () => {
    const text = `  File "/home/user/train.py", line 3\n    print("a"\n         ^\nSyntaxError: '(' was never closed\n`;
    expect(records(text)).toMatchObject([{ message: "SyntaxError: '(' was never closed", exception: text.trimEnd() }]);
  });

  test("an exception group is one record", () => {
    const text = `  + Exception Group Traceback (most recent call last):
  |   File "/home/user/train.py", line 4, in <module>
  |     raise ExceptionGroup("two", [ValueError("a"), TypeError("b")])
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: a
    +---------------- 2 ----------------
    | TypeError: b
    +------------------------------------
`;
    expect(records(text)).toMatchObject([
      { message: "ExceptionGroup: two (2 sub-exceptions)", exception: text.trimEnd() },
    ]);
  });

  test("indented lines behind the message belong to it; advice is a record of its own", () => {
    const found =
      records(`${traceback(1, "RuntimeError: Error(s) in loading state_dict for Net:")}\tsize mismatch for fc.weight
${traceback(9, "RuntimeError: CUDA error: device-side assert triggered")}CUDA kernel errors might be asynchronously reported at some other API call.
Compile with \`TORCH_USE_CUDA_DSA\` to enable device-side assertions.
`);
    expect(found[0]?.exception).toMatch(/size mismatch for fc\.weight$/);
    expect(found.map(({ role }) => role)).toEqual(["root", "root", "advice", "advice"]);
  });

  test("a traceback that breaks off with the process is still given out", () => {
    expect(records('Traceback (most recent call last):\n  File "a.py", line 1, in f\n')).toHaveLength(1);
  });

  test("a traceback of 100,000 frames keeps its beginning and its end", () => {
    const frames = '  File "/home/user/a.py", line 1, in f\n    f()\n'.repeat(100_000);
    const [record] = records(
      `Traceback (most recent call last):\n${frames}RecursionError: maximum recursion depth exceeded\n`,
    );
    expect(record?.message).toBe("RecursionError: maximum recursion depth exceeded");
    expect(record?.exception).toMatch(
      /^Traceback[^]*lines left out[^]*RecursionError: maximum recursion depth exceeded$/,
    );
  });
});

describe("roles", () => {
  test("what follows a failure elsewhere is a cascade; a bare Killed is unknown", () => {
    const found =
      records(`[rank1]:[E528 12:00:00.123456789 ProcessGroupNCCL.cpp:616] [Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=5, OpType=ALLREDUCE) ran for 600000 milliseconds
torch.distributed.elastic.multiprocessing.errors.ChildFailedError: 
E0528 12:00:01.000000 77 torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: -9) local_rank: 0 (pid: 9) of binary: /usr/bin/python
Killed
`);
    expect(found.map(({ role }) => role)).toEqual(["cascade", "cascade", "cascade", null]);
    expect(found.map(({ level }) => level)).toEqual(["error", "error", "error", "error"]);
    expect(found[0]?.rank).toBe(1);
  });
});

describe("log prefixes", () => {
  test.each([
    ["WARNING:root:careful", "warning", "root", "careful"],
    ["2026-01-10 17:52:11,320 - trainer - ERROR - broke", "error", "trainer", "broke"],
    [
      "[2026-01-10 17:52:11,320] [INFO] [logging.py:96:log_dist] [Rank 0] hello",
      "info",
      "logging.py:96:log_dist",
      "hello",
    ],
    ["[WARNING|trainer.py:213] 2026-01-10 17:52:11,320 >> text", "warning", "trainer.py:213", "text"],
    ["2026-01-10 17:52:11.320 | ERROR    | app.train:main:12 - broke", "error", "app.train:main:12", "broke"],
    ["WARNING 05-28 12:00:00 [config.py:12] casting", "warning", "config.py:12", "casting"],
    ["[ERROR] broke", "error", null, "broke"],
    ["WARNING: careful", "warning", null, "careful"],
    [
      "[rank3]:W0528 12:00:00.123000 12345 torch/distributed/run.py:779] text",
      "warning",
      "torch/distributed/run.py:779",
      "text",
    ],
    ["2026-01-10T17:52:11Z  WARN server: text", "warning", null, "server: text"],
    ["plain text: with a colon", undefined, null, "plain text: with a colon"],
  ])("%s", (line, level, logger, body) => {
    expect(peel(line)).toMatchObject({ level, logger, body });
  });

  test("a time with a zone is believed, one without is read as UTC only when there is no clock", () => {
    expect(peel("2026-01-10T17:52:11+02:00 x").time).toBe(Date.UTC(2026, 0, 10, 15, 52, 11));
    const decoder = new ConsoleDecoder({ now: () => 5 });
    const decoded = mergeDecoded([decoder.pushText("2026-01-10 17:52:11,320 - a - INFO - x\n"), decoder.end()]);
    expect(decoded.records[0]?.time).toBe(5);
  });

  test("a Python warning is one record with its source line, and the same warning one group", () => {
    const found = records(
      "/home/u/x.py:12: UserWarning: lr is 0.5\n  warnings.warn(\n/home/u/x.py:12: UserWarning: lr is 0.7\n  warnings.warn(\nnext\n",
    );
    expect(found.map(({ level }) => level)).toEqual(["warning", "warning", "info"]);
    expect(found[0]?.group).toBe(found[1]?.group);
  });
});

describe("templates", () => {
  test.each([
    ["took 12.5 ms for /data/a/b.parquet", "took <duration> for <path>"],
    ["GET https://example.org/x?a=1 from 10.0.0.1:80", "GET <url> from <ip>"],
    ["id 123e4567-e89b-12d3-a456-426614174000 at 0x7f3a2c", "id <uuid> at <hex>"],
    ["name='epoch 3' count=7", "name=<text> count=<number>"],
    ["saved checkpoint-1200 at 2026-01-10 17:52:11", "saved checkpoint-<number> at <date>"],
    ["mAP50 of fp16 model", "mAP50 of fp16 model"],
  ])("%s", (message, expected) => {
    expect(template(message)).toBe(expected);
  });

  test("a long template is cut to a beginning and a hash, so that different ones stay apart", () => {
    const long = (tail: string): string => template(`${"word ".repeat(300)}${tail}`);
    expect(long("a").length).toBeLessThanOrEqual(512);
    expect(long("a")).not.toBe(long("b"));
  });
});
