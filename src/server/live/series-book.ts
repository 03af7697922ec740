import { isLayerSeries } from "../../analysis/index.ts";
import type { SeriesInfo } from "../../api/points.ts";
import { toWire } from "../../model/number.ts";
import { seriesId, type SeriesPoints } from "../../model/series.ts";
import type { SeriesInfo as StoredInfo } from "../../store/store.ts";

/** Shortest time between two words on the growth of layer series: 250 bytes each, and the map is read anew for them. */
const layersEveryMs = 3_000;

type Growing = { -readonly [K in keyof StoredInfo]: StoredInfo[K] };

/** What the store says of each series of a live run, carried forward point by point so that no screen update asks the store. */
export class SeriesBook {
  readonly #infos = new Map<string, Growing>();
  readonly #grown = new Set<string>();
  /** Layer series that screens know of, and when they were last told of their growth. */
  readonly #toldLayers = new Set<string>();
  #layersToldAt = Number.NEGATIVE_INFINITY;

  constructor(known: readonly StoredInfo[] = []) {
    for (const info of known) this.#infos.set(info.id, { ...info });
  }

  get infos(): Iterable<StoredInfo> {
    return this.#infos.values();
  }

  get size(): number {
    return this.#infos.size;
  }

  append({ name, labels, step, time, value }: SeriesPoints): void {
    const id = seriesId(name, labels);
    let info = this.#infos.get(id);
    let from = 0;
    if (info === undefined) {
      const first = step[0];
      if (first === undefined) return;
      info = {
        id,
        name,
        labels,
        count: 0,
        nonFinite: 0,
        segments: 1,
        firstStep: first,
        lastStep: first,
        lastValue: Number.NaN,
        min: Number.NaN,
        max: Number.NaN,
        lastTime: Number.NaN,
      };
      this.#infos.set(id, info);
      take(info, first, time[0] ?? Number.NaN, value[0] ?? Number.NaN);
      from = 1;
    }
    for (let i = from; i < value.length; i += 1) {
      const at = step[i] ?? Number.NaN;
      if (at <= info.lastStep) info.segments += 1;
      take(info, at, time[i] ?? Number.NaN, value[i] ?? Number.NaN);
    }
    this.#grown.add(id);
  }

  /** The series that grew since the last call; those of layers, which may be thousands, at once only when they are new. */
  takeGrown(now = Date.now()): SeriesInfo[] {
    const layersAreDue = now - this.#layersToldAt >= layersEveryMs;
    const grown: SeriesInfo[] = [];
    for (const id of this.#grown) {
      const info = this.#infos.get(id);
      const isLayer = info !== undefined && isLayerSeries(info.name);
      if (isLayer && !layersAreDue && this.#toldLayers.has(id)) continue;
      this.#grown.delete(id);
      if (isLayer) {
        this.#toldLayers.add(id);
        this.#layersToldAt = now;
      }
      if (info !== undefined) grown.push(wireInfo(info));
    }
    return grown;
  }

  all(): SeriesInfo[] {
    return Array.from(this.#infos.values(), wireInfo);
  }
}

function take(info: Growing, step: number, time: number, value: number): void {
  info.count += 1;
  info.lastStep = step;
  info.lastValue = value;
  if (!Number.isNaN(time)) info.lastTime = time;
  if (!Number.isFinite(value)) info.nonFinite += 1;
  else {
    if (!(info.min <= value)) info.min = value;
    if (!(info.max >= value)) info.max = value;
  }
}

export const wireInfo = (info: StoredInfo): SeriesInfo => ({
  ...info,
  lastValue: toWire(info.lastValue),
  min: toWire(info.min),
  max: toWire(info.max),
  lastTime: Number.isNaN(info.lastTime) ? null : info.lastTime,
});
