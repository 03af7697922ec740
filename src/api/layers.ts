import { z } from "zod";
import { defineRoute } from "./route.ts";
import { RunParams } from "./runs.ts";

/** Series of this prefix hold one number a layer; their label `layer` is the module's path. */
export const layerPrefix = "layer/";

/**
 * One statistic of all layers, layer by step. `values` holds a row a layer, each as long as `steps`; null where
 * nothing was watched. A column stands for the watched steps from its own up to the next one; of several
 * values in it, `values` has the largest (or smallest), so that no peak is sampled away.
 */
export const LayerMatrix = z.object({
  /** In the order in which they first appeared: the network's own. */
  layers: z.array(z.string()),
  /** First watched step of each column, ascending. */
  steps: z.array(z.number()),
  lastStep: z.number().nullable(),
  /** Finite values, four significant digits. */
  values: z.array(z.number().nullable()),
  /** Cells with values that are not finite: row, column, how many. */
  nonFinite: z.array(z.object({ layer: z.number(), column: z.number(), count: z.number() })),
});
export type LayerMatrix = z.infer<typeof LayerMatrix>;

export const getLayers = defineRoute({
  id: "get-layers",
  method: "GET",
  path: "/api/v1/runs/:run/layers",
  summary: "One statistic of all layers as a matrix, layer by step; nothing is sampled away",
  params: RunParams,
  query: z.object({
    /** What stands behind `layer/` in the name of the series, e.g. `grad_norm`. */
    stat: z.string().min(1).max(256),
    /** Columns at most. */
    width: z.coerce.number().int().min(1).max(2_000).default(400),
    from: z.coerce.number().optional(),
    to: z.coerce.number().optional(),
    reduce: z.enum(["max", "min"]).default("max"),
  }),
  response: LayerMatrix,
});
