import { getAttributes, getEvaluation, getExamples, postEvaluation, postExamples } from "../../api/evaluation.ts";
import { AppError } from "../../base/errors.ts";
import { Evaluation } from "../../model/evaluation.ts";
import { toJson } from "../../model/number.ts";
import { endpoint } from "../endpoint.ts";

const key = "llmdbg/evaluation";

export const evaluationEndpoints = [
  endpoint(postExamples, async ({ catalog, examples }, { params, body }) => {
    catalog.require(params.run);
    await examples.put(params.run, body.first, body.examples);
    return { accepted: body.examples.length };
  }),

  endpoint(postEvaluation, async ({ catalog, store }, { params, body }) => {
    catalog.require(params.run);
    await store.putBlob(params.run, key, Buffer.from(toJson(body)), "application/json");
    return { stored: true as const };
  }),

  endpoint(getEvaluation, async ({ catalog, store }, { params }) => {
    catalog.require(params.run);
    const blob = await store.getBlob(params.run, key);
    if (blob === undefined)
      throw new AppError(
        "not-found",
        `Run ${params.run} holds no evaluation. Store one with: llmdbg evaluate predictions.jsonl --store`,
      );
    return Evaluation.parse(JSON.parse(Buffer.from(blob.content).toString("utf8")));
  }),

  endpoint(getExamples, async ({ catalog, examples }, { params, query }) => {
    catalog.require(params.run);
    return examples.find(params.run, query);
  }),

  endpoint(getAttributes, async ({ catalog, examples }, { params }) => {
    catalog.require(params.run);
    return { attributes: (await examples.index(params.run)).summaries() };
  }),
];
