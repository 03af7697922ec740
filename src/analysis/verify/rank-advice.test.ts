import { expect, test } from "vitest";
import type { Advice } from "../../model/finding.ts";
import { adviceKey, chanceOf, rankAdvice, type TrackRecord } from "./rank-advice.ts";

const advice = ["first", "second", "third"].map((id): Advice => ({
  id,
  summary: "",
  changes: [],
  dialect: null,
  expect: "",
  source: "",
}));
const order = (records: Readonly<Record<string, TrackRecord>>): string =>
  rankAdvice("rule", advice, new Map(Object.entries(records).map(([id, record]) => [adviceKey("rule", id), record])))
    .map(({ id }) => id)
    .join(" ");

test("without a history the rule's own order", () => {
  expect(order({})).toBe("first second third");
});

test("one outcome alone turns nothing, two do", () => {
  expect(order({ first: { helped: 0, didNotHelp: 1 } })).toBe("first second third");
  expect(order({ first: { helped: 0, didNotHelp: 2 } })).toBe("second first third");
  expect(order({ second: { helped: 1, didNotHelp: 0 } })).toBe("first second third");
  expect(order({ second: { helped: 2, didNotHelp: 0 } })).toBe("second first third");
});

test("a long record outweighs the order, in both directions", () => {
  expect(order({ first: { helped: 1, didNotHelp: 9 }, third: { helped: 9, didNotHelp: 1 } })).toBe(
    "third second first",
  );
});

test("the history of another rule does not count", () => {
  const history = new Map([[adviceKey("other", "first"), { helped: 0, didNotHelp: 9 }]]);
  expect(rankAdvice("rule", advice, history)[0]?.id).toBe("first");
});

test("the chance stays between 0 and 1 and follows the record", () => {
  expect(chanceOf(0, undefined)).toBeCloseTo(0.6);
  expect(chanceOf(0, { helped: 1000, didNotHelp: 0 })).toBeLessThan(1);
  expect(chanceOf(9, { helped: 0, didNotHelp: 1000 })).toBeGreaterThan(0);
});
