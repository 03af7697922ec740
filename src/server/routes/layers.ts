import { getLayers, layerPrefix } from "../../api/layers.ts";
import { AppError } from "../../base/errors.ts";
import { endpoint } from "../endpoint.ts";
import { layerMatrix } from "../layer-matrix.ts";

/** Layers times phases or ranks that one matrix is made of; a model of a thousand blocks has about this many modules. */
const maxSeries = 20_000;

export const layerEndpoints = [
  endpoint(getLayers, async ({ store, catalog }, { params, query }) => {
    catalog.require(params.run);
    const { stat, width, from, to, reduce } = query;
    const name = layerPrefix + stat;
    const labelled = (await store.listSeries(params.run)).flatMap((info) => {
      const layer = info.labels["layer"];
      return info.name === name && layer !== undefined ? [{ id: info.id, layer }] : [];
    });
    if (labelled.length > maxSeries)
      throw new AppError(
        "too-large",
        `${name} has ${labelled.length} series; at most ${maxSeries} are shown together.`,
      );
    const series = labelled.map(({ id }) => id);
    const read =
      series.length === 0 ? [] : await store.readBuckets(params.run, { series, axis: "step", from, to, width });
    const buckets = new Map(read.map((one) => [one.id, one]));
    const curves = labelled.flatMap(({ id, layer }) => {
      const own = buckets.get(id);
      return own === undefined ? [] : [{ layer, buckets: own }];
    });
    return layerMatrix(curves, width, reduce);
  }),
];
