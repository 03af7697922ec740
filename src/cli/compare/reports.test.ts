import { expect, test } from "vitest";
import { compareExamples, defaultMetricOptions } from "../../analysis/index.ts";
import type { Example } from "../../model/example.ts";
import { comparisonJunit, comparisonMarkdown } from "./reports.ts";

const examples: Example[] = Array.from({ length: 12 }, (_, i) => ({
  id: `e${i}`,
  input: null,
  prediction: i % 2 === 0 ? "yes" : "no",
  references: ["yes"],
  scores: null,
  logProbs: null,
  samples: null,
  latencyMs: null,
  outputTokens: null,
  group: null,
  attributes: new Map(),
  line: i + 1,
}));

test("names of files are no markup and no control sequence in a report", () => {
  const comparison = compareExamples(examples, examples, {
    task: "classification",
    metric: defaultMetricOptions,
    decideBy: null,
    names: { a: "a\u001b[31m|<b>&lt;", b: "__proto__\u0007" },
    seed: 1,
    rounds: { randomizations: 100, resamples: 100 },
  });
  const markdown = comparisonMarkdown(comparison);
  expect(markdown).not.toMatch(/[\u0007\u001b]/);
  expect(markdown.split("\n")[0]).toBe("### \\_\\_proto\\_\\_  against a\\|\\<b\\>\\&lt;");
  const junit = comparisonJunit(comparison);
  expect(junit).not.toMatch(/[\u0007\u001b]/);
  expect(junit).toContain("|&lt;b&gt;&amp;lt;");
});
