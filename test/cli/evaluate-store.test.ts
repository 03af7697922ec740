/** `llmdbg evaluate --store`: what is printed is what the server then holds. */
import { expect, test } from "vitest";
import { getEvaluation, getExamples } from "../../src/api/evaluation.ts";
import { Evaluation } from "../../src/model/evaluation.ts";
import { llmdbg, workplace } from "./llmdbg.ts";

const { data } = workplace();

test("keeps the evaluation and its examples, and says where", { timeout: 120_000 }, async () => {
  const args = ["evaluate", "fixtures/evaluate/translate.jsonl", "--store", "--dir", data, "--json"];
  const { status, stdout, stderr } = await llmdbg(args);
  expect(status).toBe(0);
  const printed = Evaluation.parse(JSON.parse(stdout));
  const [, url = "", id = ""] = /^Stored with its examples: (http:\/\/\S+)\/runs\/(\S+)$/m.exec(stderr) ?? [];
  const read = async (path: string): Promise<unknown> => (await fetch(`${url}/api/v1/runs/${id}/${path}`)).json();
  expect(getEvaluation.response.parse(await read("evaluation"))).toEqual(printed);
  const worst = getExamples.response.parse(await read("examples?sort=error&wrong=only&limit=500"));
  expect(worst.total).toBe(printed.errors.count);
  expect(worst.examples.slice(0, 10).map((example) => example.id)).toEqual(printed.errors.worst);
  // Each slice opens on as many examples as it has.
  expect(printed.slices.length).toBeGreaterThan(0);
  for (const { where, n } of printed.slices) {
    const inside = getExamples.response.parse(
      await read(`examples?where=${encodeURIComponent(JSON.stringify(where))}`),
    );
    expect(inside.total).toBe(n);
  }
});
