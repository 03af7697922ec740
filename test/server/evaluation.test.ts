/** Evaluations over HTTP, on the real store: stored in pieces, filtered, sorted, searched, and gone with their run. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getAttributes, getEvaluation, getExamples, postExamples } from "../../src/api/evaluation.ts";
import { exampleEvaluation, exampleOf } from "./evaluation.fixture.ts";
import { openServer, type TestServer } from "./harness.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.stop());

const start = async (id: string): Promise<void> => {
  const answer = await server.ask("POST", "/api/v1/runs", { id, project: "p", kind: "evaluate" });
  expect(answer.status).toBe(200);
};
const send = (id: string, first: number, count: number) =>
  server.read(postExamples.response, "POST", `/api/v1/runs/${id}/examples`, {
    first,
    examples: Array.from({ length: count }, (_none, i) => exampleOf(first + i)),
  });
const ask = (id: string, query: Readonly<Record<string, string>>) =>
  server.read(getExamples.response, "GET", `/api/v1/runs/${id}/examples?${new URLSearchParams(query).toString()}`);

describe("examples", () => {
  it("come back by place, error, condition and text", async () => {
    await start("pieces");
    // Out of order, and one piece twice: the second time replaces the first.
    await send("pieces", 100, 50);
    await send("pieces", 0, 100);
    await send("pieces", 100, 50);
    const all = await ask("pieces", { limit: "500" });
    expect(all.total).toBe(150);
    expect(all.examples.map(({ position }) => position)).toEqual(Array.from({ length: 150 }, (_none, i) => i));

    const worst = await ask("pieces", { sort: "error", limit: "3" });
    expect(worst.examples.map(({ error }) => error)).toEqual([0.9, 0.9, 0.9]);
    const odd = await ask("pieces", { where: JSON.stringify([{ attribute: "parity", value: "odd" }]), wrong: "only" });
    expect(odd.total).toBe(60);
    expect(odd.examples.every(({ attributes, error }) => attributes["parity"] === "odd" && error !== 0)).toBe(true);
    const found = await ask("pieces", { search: "INPUT 14", limit: "500" });
    expect(found.examples.map(({ id }) => id)).toEqual([
      "e14",
      ...Array.from({ length: 10 }, (_none, i) => `e${140 + i}`),
    ]);
    const page = await ask("pieces", { sort: "error", limit: "10", offset: "145" });
    expect(page.examples).toHaveLength(5);
  });

  it("answer to ranges of a number, as slices and people write them", async () => {
    const count = async (value: string): Promise<number> =>
      (await ask("pieces", { where: JSON.stringify([{ attribute: "words", value }]) })).total;
    // 150 examples with 0 to 39 words: 0 to 29 come four times, the rest three times.
    expect(await count("at least 30")).toBe(30);
    expect(await count("at most 9")).toBe(40);
    expect(await count("10 to 19")).toBe(40);
    expect(await count("7")).toBe(4);
    const both = [
      { attribute: "words", value: "below 10" },
      { attribute: "parity", value: "odd" },
    ];
    expect((await ask("pieces", { where: JSON.stringify(both) })).total).toBe(20);
  });

  it("are summed up by attribute, numbers in ranges that hold each once", async () => {
    const { attributes } = await server.read(getAttributes.response, "GET", "/api/v1/runs/pieces/attributes");
    const parity = attributes.find(({ attribute }) => attribute === "parity");
    expect(parity?.values.map(({ value, n }) => [value, n])).toEqual([
      ["even", 75],
      ["odd", 75],
    ]);
    const words = attributes.find(({ attribute }) => attribute === "words")?.values ?? [];
    expect(words.length).toBeLessThan(8);
    expect(words.reduce((sum, { n }) => sum + n, 0)).toBe(150);
  });

  it("that nothing matches are none, and what cannot be read is refused with what to send", async () => {
    expect((await ask("pieces", { where: JSON.stringify([{ attribute: "no such", value: "x" }]) })).total).toBe(0);
    const refused = await server.ask("GET", "/api/v1/runs/pieces/examples?where=parity");
    expect(refused.status).toBe(400);
    expect(refused.text).toContain("a JSON list such as");
    const bad = await server.ask("POST", "/api/v1/runs/pieces/examples", { first: -1, examples: [] });
    expect(bad.status).toBe(400);
  });

  it("with names of an object's prototype stay data", async () => {
    await start("hostile");
    const example = JSON.parse(`{"id":"__proto__","line":1,"input":null,"prediction":null,"references":[],"error":null,
      "attributes":{"constructor":"y","toString":"z"}}`) as unknown;
    const answer = await server.ask("POST", "/api/v1/runs/hostile/examples", { first: 0, examples: [example] });
    expect(answer.status).toBe(200);
    const where = JSON.stringify([{ attribute: "constructor", value: "y" }]);
    expect((await ask("hostile", { where })).total).toBe(1);
    expect((await ask("hostile", { where: JSON.stringify([{ attribute: "valueOf", value: "z" }]) })).total).toBe(0);
    // A key that would reach the prototype is refused as it is on every route.
    const polluting = `{"first":1,"examples":[${JSON.stringify(example).replace("constructor", "__proto__")}]}`;
    expect((await server.ask("POST", "/api/v1/runs/hostile/examples", polluting)).status).toBe(400);
  });
});

describe("an evaluation", () => {
  it("is kept, says how to make one where there is none, and goes with its run", async () => {
    await start("kept");
    const none = await server.ask("GET", "/api/v1/runs/kept/evaluation");
    expect(none.status).toBe(404);
    expect(none.text).toContain("llmdbg evaluate predictions.jsonl --store");
    expect((await server.ask("POST", "/api/v1/runs/kept/evaluation", exampleEvaluation)).status).toBe(200);
    expect(await server.read(getEvaluation.response, "GET", "/api/v1/runs/kept/evaluation")).toEqual(exampleEvaluation);
    await send("kept", 0, 10);
    expect((await server.ask("DELETE", "/api/v1/runs/kept")).status).toBe(200);
    expect((await server.ask("GET", "/api/v1/runs/kept/evaluation")).status).toBe(404);
    await start("kept");
    expect((await ask("kept", {})).total).toBe(0);
  });
});
