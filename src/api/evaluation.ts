import { z } from "zod";
import { Condition, Evaluation } from "../model/evaluation.ts";
import { JudgedExample } from "../model/example.ts";
import { WireNumber } from "../model/number.ts";
import { defineRoute } from "./route.ts";
import { RunParams } from "./runs.ts";

/** Conditions as JSON text, since attributes and values may hold any character. */
const Where = z
  .string()
  .max(8_000)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: 'a JSON list such as [{"attribute":"length","value":"12 to 30"}]' });
      return z.NEVER;
    }
  })
  .pipe(z.array(Condition).max(16));

export const maxExamplesPosted = 5_000;

export const postExamples = defineRoute({
  id: "post-examples",
  method: "POST",
  path: "/api/v1/runs/:run/examples",
  summary:
    "Store examples of an evaluation, in pieces; the piece that begins at the same position again replaces that one",
  params: RunParams,
  body: z.object({ first: z.number().int().min(0), examples: z.array(JudgedExample).min(1).max(maxExamplesPosted) }),
  response: z.object({ accepted: z.number() }),
  maxBodyBytes: 64 * 1024 * 1024,
});

export const postEvaluation = defineRoute({
  id: "post-evaluation",
  method: "POST",
  path: "/api/v1/runs/:run/evaluation",
  summary: "Store what came of an evaluation; its examples are sent before it",
  params: RunParams,
  body: Evaluation,
  response: z.object({ stored: z.literal(true) }),
});

export const getEvaluation = defineRoute({
  id: "get-evaluation",
  method: "GET",
  path: "/api/v1/runs/:run/evaluation",
  summary: "Metrics, data faults, slices and advice of an evaluation",
  params: RunParams,
  response: Evaluation,
});

/** `position`: place among the examples of the run, from 0. */
export const StoredExample = JudgedExample.extend({ position: z.number() });
export type StoredExample = z.infer<typeof StoredExample>;

export const getExamples = defineRoute({
  id: "get-examples",
  method: "GET",
  path: "/api/v1/runs/:run/examples",
  summary: "Examples of an evaluation, by slice, error and text",
  params: RunParams,
  query: z.object({
    where: Where.default([]),
    /** Case-insensitive; in the id, the input, the prediction or a reference. */
    search: z.string().max(1000).optional(),
    wrong: z.enum(["only", "any"]).default("any"),
    sort: z.enum(["error", "position"]).default("position"),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    offset: z.coerce.number().int().min(0).default(0),
  }),
  response: z.object({ examples: z.array(StoredExample), total: z.number() }),
});

export const AttributeSummary = z.object({
  attribute: z.string(),
  values: z.array(
    z.object({
      value: z.string(),
      n: z.number(),
      /** Mean error of those that count; NaN where none does. */
      error: WireNumber,
    }),
  ),
});
export type AttributeSummary = z.infer<typeof AttributeSummary>;

export const getAttributes = defineRoute({
  id: "get-attributes",
  method: "GET",
  path: "/api/v1/runs/:run/attributes",
  summary: "Error by the value of each attribute",
  params: RunParams,
  response: z.object({ attributes: z.array(AttributeSummary) }),
});
