import type { Example } from "../../src/model/example.ts";

/** An example that says nothing but what is given. */
export const exampleOf = (id: string, given: Partial<Example>): Example => ({
  id,
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
  line: 0,
  ...given,
});
