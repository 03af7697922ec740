import { Slider } from "@mantine/core";
import { useEffect, useState } from "react";
import type { RunAxis } from "../data/use-axis.ts";
import { type AxisKind, AxisKind as AxisKinds, maxSmoothing, type View } from "../state/view.ts";
import type { Scene } from "./scene.ts";

const axisWord: Readonly<Record<AxisKind, string>> = {
  step: "step",
  time: "wall time",
  relative: "time since start",
  tokens: "tokens",
  epoch: "epoch",
};

/** The settings that all charts of a page share. */
export function CurveToolbar({
  view,
  update,
  scene,
  axes,
  live,
  search,
  searchBox,
}: {
  view: View;
  update: (change: View) => void;
  scene: Scene;
  axes: ReadonlyMap<string, RunAxis>;
  /** More points are coming. */
  live: boolean;
  search: { readonly text: string; readonly label?: string; set(text: string): void };
  searchBox: React.RefObject<HTMLInputElement | null>;
}) {
  const kind = view.x ?? "step";
  const whyNot = (axis: AxisKind): string | undefined => {
    const reasons = [...axes.values()].map(({ unavailable }) => unavailable[axis]);
    return reasons.length > 0 && reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined;
  };
  const setKind = (text: string): void => {
    const next = AxisKinds.safeParse(text);
    // A range of steps means nothing in tokens or minutes.
    if (next.success) update({ x: next.data === "step" ? undefined : next.data, from: undefined, to: undefined });
  };
  return (
    <div className="curve-toolbar" role="toolbar" aria-label="Curves">
      <label className="tool">
        <span>x axis</span>
        <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
          {AxisKinds.options.map((axis) => {
            const reason = whyNot(axis);
            return (
              <option key={axis} value={axis} disabled={reason !== undefined} title={reason}>
                {axisWord[axis]}
                {reason === undefined ? "" : ` (${reason.toLowerCase()})`}
              </option>
            );
          })}
        </select>
      </label>
      <Smoothing value={view.smoothing ?? 0} set={(smoothing) => update({ smoothing: smoothing || undefined })} />
      <Toggle
        label="log y"
        title="Logarithmic y axis (l)"
        on={view.logY ?? false}
        set={(on) => update({ logY: on || undefined })}
      />
      <Toggle
        label="log x"
        title={scene.axis.query === "time" && kind === "time" ? "Wall time has no logarithm" : "Logarithmic x axis"}
        disabled={kind === "time"}
        on={view.logX ?? false}
        set={(on) => update({ logX: on || undefined })}
      />
      <input
        ref={searchBox}
        className="tool-search"
        type="search"
        placeholder={search.label ?? "Filter curves"}
        aria-label={`${search.label ?? "Filter curves"} by name`}
        value={search.text}
        onChange={(event) => search.set(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      {scene.zoom !== undefined && live && (
        <Toggle
          label="follow"
          title="Keep the newest points in view, at this width"
          on={view.follow ?? false}
          set={(on) => update({ follow: on || undefined })}
        />
      )}
      {scene.zoom !== undefined && (
        <span className="zoom-chip">
          {scene.axis.kind === "step" && "step "}
          {scene.axis.text(scene.zoom.from)} to {scene.axis.text(scene.zoom.to)}
          <button type="button" onClick={() => scene.zoomTo(undefined)} title="Show the whole run (f)">
            whole run
          </button>
        </span>
      )}
    </div>
  );
}

function Toggle({
  label,
  title,
  on,
  set,
  disabled = false,
}: {
  label: string;
  title: string;
  on: boolean;
  set: (on: boolean) => void;
  disabled?: boolean;
}) {
  return (
    <button
      type="button"
      className="tool-toggle"
      aria-pressed={on}
      title={title}
      disabled={disabled}
      onClick={() => set(!on)}
    >
      {label}
    </button>
  );
}

/** Even on the slider means even in what is seen: the number of points averaged grows tenfold over each third. */
function Smoothing({ value, set }: { value: number; set: (value: number) => void }) {
  const [dragged, setDragged] = useState<number | undefined>();
  useEffect(() => setDragged(undefined), [value]);
  const position = dragged ?? toPosition(value);
  const shown = toSmoothing(position);
  return (
    <div className="tool">
      <span id="smoothing-label">smoothing</span>
      <Slider
        className="smoothing"
        size="xs"
        min={0}
        max={1}
        step={0.01}
        label={null}
        value={position}
        onChange={setDragged}
        onChangeEnd={(end) => set(toSmoothing(end))}
        thumbProps={{ "aria-labelledby": "smoothing-label" }}
      />
      <output title="Weight of the past in a debiased moving average over all points, before reduction to pixels">
        {shown === 0 ? "off" : shown.toFixed(shown > 0.99 ? 3 : 2)}
      </output>
    </div>
  );
}

const toSmoothing = (position: number): number =>
  position <= 0 ? 0 : Math.min(maxSmoothing, Number((1 - 10 ** (-3 * position)).toFixed(4)));
const toPosition = (value: number): number => (value <= 0 ? 0 : Math.min(1, -Math.log10(1 - value) / 3));
