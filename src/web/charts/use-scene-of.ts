import { useMemo, useState } from "react";
import type { RunAxis } from "../data/use-axis.ts";
import type { View } from "../state/view.ts";
import { stepAxis } from "./axis.ts";
import type { Evidenced, Flag, Scene } from "./scene.ts";
import { createTimeline } from "./timeline.ts";
import { useScheme } from "./use-scheme.ts";
import { tintsOf } from "../theme.ts";
import type { Zoom } from "./zoom.ts";

const plain = stepAxis();

export interface SceneSource {
  readonly axes: ReadonlyMap<string, RunAxis>;
  readonly view: View;
  readonly update: (change: View) => void;
  /** Steps to start with instead of the whole run. */
  readonly startZoom: Zoom | undefined;
  readonly flags: readonly Flag[];
  readonly evidenced: readonly Evidenced[];
  readonly pick: (run: string, x: number) => void;
  readonly openFlag: (key: string) => void;
}

/** What the URL and the runs say about all charts of a page. */
export function useSceneOf(source: SceneSource): Scene {
  const { axes, view, update, startZoom, flags, evidenced, pick, openFlag } = source;
  const scheme = useScheme();
  const [timeline] = useState(createTimeline);
  const { from, to, whole } = view;
  return useMemo(() => {
    const all = [...axes.values()];
    const axis = all[0]?.axis ?? plain;
    const first = Math.min(...all.map((one) => one.range[0]));
    const last = Math.max(...all.map((one) => one.range[1]));
    // A little room at both ends, so that the first and the last point are seen whole.
    const room = view.logX === true ? 0 : (last - first) * 0.015;
    const range: readonly [number, number] = all.length === 0 ? [0, 1] : [first - room, last + room];
    const chosen = from !== undefined && to !== undefined && from < to ? { from, to } : undefined;
    const started =
      whole !== true && startZoom !== undefined
        ? { from: axis.fromStep(startZoom.from), to: axis.fromStep(startZoom.to) }
        : undefined;
    const follows = view.follow === true && chosen !== undefined && all.length > 0;
    const followed = follows ? { from: last - (chosen.to - chosen.from), to: last } : chosen;
    const zoom = followed ?? (started !== undefined && started.from < started.to ? started : undefined);
    return {
      axis,
      axisOf: (run) => axes.get(run)?.axis ?? axis,
      range: zoom === undefined ? range : [zoom.from, zoom.to],
      zoom,
      smoothing: view.smoothing ?? 0,
      logX: view.logX ?? false,
      logY: view.logY ?? false,
      tints: tintsOf(scheme),
      timeline,
      flags,
      evidenced,
      zoomTo: (next) =>
        update(
          next === undefined
            ? { from: undefined, to: undefined, follow: undefined, whole: startZoom === undefined ? undefined : true }
            : { from: tidy(next.from, next), to: tidy(next.to, next), whole: undefined, follow: undefined },
        ),
      pick,
      openFlag,
    };
  }, [
    axes,
    from,
    to,
    whole,
    startZoom,
    view.smoothing,
    view.logX,
    view.logY,
    view.follow,
    scheme,
    timeline,
    flags,
    evidenced,
    update,
    pick,
    openFlag,
  ]);
}

/** As many digits as the range needs, for a URL that can be read. */
function tidy(value: number, { from, to }: Zoom): number {
  const digits = Math.max(0, Math.ceil(-Math.log10((to - from) / 1000)));
  return Number(value.toFixed(Math.min(12, digits)));
}
