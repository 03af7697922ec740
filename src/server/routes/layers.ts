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
    const layerOf = new Map(labelled.map(({ id, layer }) => [id, layer]));
    const extremes = await store.readExtremes(params.run, {
      series: [...layerOf.keys()],
      fromStep: from,
      toStep: to,
      width,
    });
    return layerMatrix(
      extremes,
      extremes.ids.map((id) => layerOf.get(id) ?? ""),
      reduce,
    );
  }),
];
