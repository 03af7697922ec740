import { createContext, use } from "react";
import type { Severity } from "../../model/finding.ts";
import type { XAxis } from "./axis.ts";
import type { Tints } from "./paint.ts";
import type { Timeline } from "./timeline.ts";
import type { Zoom } from "./zoom.ts";

/** A finding pinned on the curves at its onset. */
export interface Flag {
  readonly key: string;
  readonly severity: Severity;
  readonly title: string;
  readonly step: number;
  readonly run: string;
  /** Ids of the series it points at; on other curves only its line is drawn. */
  readonly series: ReadonlySet<string>;
  readonly active: boolean;
}

/** A point that the finding under the pointer names as evidence. `value` NaN or infinite: marked at the edge. */
export interface Evidenced {
  readonly run: string;
  readonly series: string;
  readonly step: number;
  readonly value: number;
}

/** What all charts of a page have in common. */
export interface Scene {
  readonly axis: XAxis;
  /** Runs differ in where they start and how their tokens grow. */
  axisOf(run: string): XAxis;
  /** The range in view, in axis units. */
  readonly range: readonly [number, number];
  /** Undefined: the whole run is in view. */
  readonly zoom: Zoom | undefined;
  readonly smoothing: number;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly tints: Tints;
  readonly timeline: Timeline;
  readonly flags: readonly Flag[];
  readonly evidenced: readonly Evidenced[];
  zoomTo(zoom: Zoom | undefined): void;
  pick(run: string, x: number): void;
  openFlag(key: string): void;
}

export const SceneContext = createContext<Scene | undefined>(undefined);

export function useScene(): Scene {
  const scene = use(SceneContext);
  if (scene === undefined) throw new Error("llmdbg bug: a chart outside of a scene");
  return scene;
}
