import { expect, test } from "vitest";
import { Random } from "../../base/random.ts";
import type { Example, Task } from "../../model/example.ts";
import { attributesOf } from "./attributes-of.ts";

const example = (given: Partial<Example>, index = 0): Example => ({
  id: String(index),
  input: null,
  prediction: null,
  references: [],
  scores: null,
  logProbs: null,
  samples: null,
  latencyMs: null,
  outputTokens: null,
  group: null,
  attributes: new Map(),
  line: index + 1,
  ...given,
});

/** What one example says, by attribute. */
function valueOf(
  given: Partial<Example>,
  name: string,
  task: Task = "translation",
): string | number | null | undefined {
  const own = attributesOf([example(given)], { task, trainingWords: null }).values.get(name);
  const value = own?.values[0];
  return typeof value === "number" ? Number(value.toFixed(4)) : value;
}

test.each([
  ["input length in words", "It isn't there, is it?", 5],
  ["input length in words", "\u6211\u4eec\u5230\u4e86 ok", 5],
  ["input length in characters", "abc d", 5],
  ["sentences of the input", "Dr. No came. He left! Why?", 4],
  ["sentences of the input", "3.5 of them", 1],
  ["negation in the input", "It isn't there", "yes"],
  ["negation in the input", "Das ist kein Haus", "yes"],
  ["negation in the input", "It is a knot", "no"],
  ["contrast in the input", "Good, but slow", "yes"],
  ["contrast in the input", "A butter knife", "no"],
  ["numbers in the input", "3.5 of 1,000 and 12:30", 3],
  ["date in the input", "on 17 May 2024", "yes"],
  ["date in the input", "on 2024-05-17", "yes"],
  ["date in the input", "am 17. Oktober", "yes"],
  ["date in the input", "you may take 12", "no"],
  ["names in the input", "Then John met Mary, Bob and me.", 3],
  ["names in the input", "Then we went. After that we slept.", 0],
  ["names in the input", "Das ist nicht die Katze und der Hund", undefined],
  ["end of the input", "Is it?", "question mark"],
  ["end of the input", "Is it so", "no punctuation"],
  ["quotation marks in the input", "He said \u201cno\u201d", "yes"],
  ["brackets in the input", "one (two)", "yes"],
  ["repeated punctuation in the input", "No!!", "yes"],
  ["casing of the input", "all small", "no capitals"],
  ["casing of the input", "ALL BIG", "capitals only"],
  ["casing of the input", "Each Word Here", "each word capitalised"],
  ["casing of the input", "The NASA said", "with words in capitals"],
  ["casing of the input", "The end", "as in a sentence"],
  ["script of the input", "\u041f\u0440\u0438\u0432\u0435\u0442", "Cyrillic"],
  ["script of the input", "\u65e5\u672c\u8a9e\u3067\u3059", "Kana"],
  ["several scripts in the input", "abc \u041f\u0440\u0438", "yes"],
  ["language of the input", "Der Hund ist nicht in dem Haus", "German"],
  ["language of the input", "The dog is not in the house", "English"],
  ["language of the input", "Le chien est dans une maison", "French"],
  ["language of the input", "Krk vlk", undefined],
  ["code in the input", "def f(x):\n  return x", "yes"],
  ["code in the input", "The function of it; and more", "no"],
  ["link or address in the input", "see https://example.org", "yes"],
  ["markup in the input", "a <b>bold</b> one", "yes"],
  ["markup in the input", "a < b and c > d", "no"],
  ["emoji in the input", "nice \u{1f600}", "yes"],
  ["question of the input", "How many are there?", "how many or much"],
  ["question of the input", "Is it there?", "yes or no"],
  ["question of the input", "Wo ist er?", "where"],
  ["question of the input", "Who was the first?", "who"],
  ["question of the input", "This was the first.", "none"],
  ["word twice in a row in the input", "It is is so", "yes"],
  ["share of different words in the input", "a b c d e a b c d e", 0.5],
])("%s of %o", (name, input, expected) => expect(valueOf({ input }, name)).toBe(expected));

const good = "The cat sat on the mat and looked at the bird.";
test.each([
  ["empty output", { prediction: " " }, "yes"],
  ["empty output", { prediction: null }, "yes"],
  ["empty output", { prediction: "a" }, "no"],
  ["output cut short", { prediction: "The cat sat on", references: [good] }, "yes"],
  ["output cut short", { prediction: "A cat sat on a mat.", references: [good] }, "no"],
  ["output length over that of the reference", { prediction: "one two", references: ["one two three four"] }, 0.5],
  ["output in another script than the reference", { prediction: "\u041a\u043e\u0442", references: [good] }, "yes"],
  ["output in another language than the reference", { prediction: "Der Hund ist nicht da", references: [good] }, "yes"],
  ["output goes round in a loop", { prediction: "so it is it is it is it is it is", references: [good] }, "yes"],
  ["output goes round in a loop", { prediction: good, references: [good] }, "no"],
  ["output is a refusal", { prediction: "I\u2019m sorry, but I can't.", references: [good] }, "yes"],
  ["output is a refusal", { prediction: "I'm sorry, but no.", references: ["I'm sorry, but no."] }, "no"],
  ["talk around the answer in the output", { prediction: `Sure, ${good}`, references: [good] }, "yes"],
  ["output is a copy of the input", { input: good, prediction: good, references: ["Die Katze sa\u00df da."] }, "yes"],
  [
    "output is a copy of the input",
    { input: good, prediction: "Die Katze sa\u00df auf der Matte", references: [] },
    "no",
  ],
])("%s of %o", (name, given, expected) => expect(valueOf(given, name)).toBe(expected));

test("JSON is asked for only where the reference is JSON", () => {
  const name = "output is not valid JSON";
  expect(valueOf({ prediction: "{a", references: ['{"a":1}'] }, name, "generation")).toBe("yes");
  expect(valueOf({ prediction: '{"b":2}', references: ['{"a":1}'] }, name, "generation")).toBe("no");
  expect(valueOf({ prediction: "{a", references: ["a"] }, name, "generation")).toBeUndefined();
});

test("scores and labels", () => {
  const scores = new Map([
    ["a", 0.7],
    ["b", 0.2],
    ["c", 0.1],
  ]);
  const given = { prediction: "a", references: ["b"], scores };
  const names = ["confidence", "margin to the second class", "right label", "predicted label"];
  expect(names.map((name) => valueOf(given, name, "classification"))).toEqual([0.7, 0.5, "b", "a"]);
  expect(valueOf({ scores: new Map([["", 0.2]]) }, "confidence", "classification")).toBe(0.8);
  expect(valueOf({ logProbs: [Math.log(0.5), Math.log(0.5)] }, "mean probability of a token")).toBe(0.5);
});

test("rare words: by the training texts where they are given, by the other inputs otherwise", () => {
  const texts = ["a cat", "a zebra"].map((input, index) => example({ input }, index));
  const alone = attributesOf(texts, { task: "translation", trainingWords: null }).values;
  expect([...(alone.get("words of the input in no other example")?.values ?? [])]).toEqual([1, 1]);
  const trainingWords = new Map([
    ["a", 100],
    ["cat", 3],
  ]);
  const known = attributesOf(texts, { task: "translation", trainingWords }).values;
  expect([...(known.get("words of the input not in training")?.values ?? [])]).toEqual([0, 1]);
  expect([...(known.get("rarest word of the input in training (times)")?.values ?? [])]).toEqual([3, 0]);
});

test("the user's own columns count, and come first", () => {
  const examples = Array.from({ length: 100 }, (_, index) =>
    example(
      {
        attributes: new Map<string, string | number>([
          ["domain", index % 2 === 0 ? "news" : "web"],
          ["age", index],
        ]),
      },
      index,
    ),
  );
  const { values, columns } = attributesOf(examples, { task: "translation", trainingWords: null });
  expect([...values.keys()].slice(0, 2)).toEqual(["domain", "age"]);
  expect(columns[0]).toMatchObject({ attribute: "domain", values: ["news", "web"] });
  expect(columns[1]?.values).toEqual(["at most 19", "20 to 39", "40 to 59", "60 to 79", "at least 80"]);
});

test("no input, no attribute of it: nothing is made up", () => {
  const { values } = attributesOf([example({})], { task: "regression", trainingWords: null });
  expect([...values.keys()]).toEqual([]);
});

test("10,000 texts take less than a second", () => {
  const random = new Random(1);
  const words = Array.from({ length: 5000 }, (_, index) => `${"aeiou"[index % 5] ?? ""}w${index.toString(36)}`);
  const text = (): string =>
    `${Array.from({ length: 10 + random.below(30) }, () => words[random.below(5000)] ?? "").join(" ")}.`;
  const examples = Array.from({ length: 10_000 }, (_, index) =>
    example({ input: text(), prediction: text(), references: [text()] }, index),
  );
  const began = performance.now();
  attributesOf(examples, { task: "translation", trainingWords: null });
  const took = performance.now() - began;
  console.log(`attributes of 10,000 translations: ${took.toFixed(0)} ms`);
  // Four times the target, so that a busy machine does not fail it.
  expect(took).toBeLessThan(4000);
});
