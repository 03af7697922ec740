import { describe, expect, it } from "vitest";
import { quoteNonFinite, readJson } from "./json.ts";

const read = (text: string): unknown => readJson(Buffer.from(text));

describe("readJson", () => {
  it("reads what JSON.parse reads", () => {
    expect(read('{"a":[1,"NaN",null,true]}')).toEqual({ a: [1, "NaN", null, true] });
    expect(read("0")).toBe(0);
  });

  it("takes the bare tokens of Python's json.dumps, and only outside of strings", () => {
    expect(read('{"value":[NaN,Infinity,-Infinity,-1],"text":"NaN, \\"Infinity\\\\"}')).toEqual({
      value: ["NaN", "Infinity", "-Infinity", -1],
      text: 'NaN, "Infinity\\',
    });
    expect(quoteNonFinite('["NaN -Infinity"]')).toBeUndefined();
  });

  it.each(["", "{", "[1,]", "nan", "NaNN", "[Infinity Infinity]"])("refuses %j and says where", (text) => {
    expect(() => read(text)).toThrow(/not valid JSON/);
  });

  it("takes a byte order mark, and replaces halves of surrogate pairs", () => {
    expect(read('\uFEFF{"a":1}')).toEqual({ a: 1 });
    expect(read(String.raw`["\ud83d\ude00","\ud800","\uDC80x","\ud83d\ud83d\ude00","\\ud800","\n"]`)).toEqual([
      "\u{1F600}",
      "\uFFFD",
      "\uFFFDx",
      "\uFFFD\u{1F600}",
      String.raw`\ud800`,
      "\n",
    ]);
  });

  it("refuses what is not UTF-8", () => {
    expect(() => readJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/UTF-8/);
  });

  it.each(['{"__proto__":{"x":1}}', '{"a":[{"b":{"\\u005f_proto__":1}}]}', '[[{"\\u005F\\u005fproto__":1}]]'])(
    "refuses the key in %s",
    (text) => {
      expect(() => read(text)).toThrow(/__proto__/);
    },
  );

  it("keeps the same word as a value, and the names of other inherited properties as data", () => {
    expect(read('{"name":"__proto__","constructor":1,"toString":2}')).toEqual(
      Object.fromEntries([
        ["name", "__proto__"],
        ["constructor", 1],
        ["toString", 2],
      ]),
    );
  });

  it("survives a nesting that no recursion would", () => {
    const depth = 200_000;
    const text = `${'{"a":'.repeat(depth)}{"__proto__":1}${"}".repeat(depth)}`;
    expect(() => read(text)).toThrow(/__proto__/);
  });
});
