import { bandRampOf, cssOf, rampOf, zeroColour, type HeatScale } from "../../../charts/heat.ts";
import { columnEnd } from "../../../charts/paint-heat.ts";
import type { Scheme } from "../../../charts/palette.ts";
import { full, grouped, short } from "../../../format/number.ts";
import type { HeatRow } from "./rows.ts";
import type { Stat } from "./stats.ts";

/** The cell under the pointer or the cursor, in words. */
export function Reading({
  stat,
  row,
  column,
  steps,
  range,
}: {
  stat: Stat;
  row: HeatRow | undefined;
  column: number;
  steps: readonly number[];
  range: readonly [number, number];
}) {
  if (row === undefined) return null;
  const value = row.values[column] ?? null;
  const lost = row.nonFinite.get(column) ?? 0;
  const from = steps[column] ?? 0;
  const end = columnEnd({ steps, range }, column);
  const isOne = steps.length < 2 || end - from <= 1 || column === steps.length - 1;
  return (
    <>
      <code>{row.name}</code>{" "}
      <span className="muted">
        {row.layers.length > 1 ? `${row.layers.length} modules, ` : ""}step {grouped(from)}
        {isOne ? "" : " on"}
      </span>{" "}
      <b title={full(value)}>{value === null ? (lost > 0 ? "" : "not watched") : short(value)}</b>{" "}
      <span className="muted">{value === null ? "" : stat.title.toLowerCase()}</span>
      {lost > 0 && <b className="is-error"> {grouped(lost)} not finite</b>}
    </>
  );
}

/** What the colours mean. */
export function Legend({ stat, scale, scheme }: { stat: Stat; scale: HeatScale; scheme: Scheme }) {
  const ramp = scale.kind === "band" ? bandRampOf(scheme) : rampOf(scheme);
  const stops = [0, 32, 63, 64, 96, 128, 160, 191, 192, 224, 255].map(
    (i) => `${cssOf(ramp[i] ?? [0, 0, 0])} ${((i / 255) * 100).toFixed(1)}%`,
  );
  return (
    <ul className="heat-legend" aria-label="Legend">
      <li>
        {scale.kind === "band" ? "too small" : short(scale.low)}
        <i className="heat-ramp" style={{ background: `linear-gradient(to right, ${stops.join(", ")})` }} />
        {scale.kind === "band" ? `too large; grey is ${short(scale.low)} to ${short(scale.high)}` : short(scale.high)}
        {scale.kind === "log" && <span className="muted">logarithmic</span>}
      </li>
      {scale.kind !== "linear" && (
        <li>
          <i className="heat-key" style={{ background: cssOf(zeroColour[scheme]) }} /> exactly 0
        </li>
      )}
      <li>
        <i className="heat-key is-bad">×</i> not finite
      </li>
      <li className="muted">
        {stat.reduce === "max" ? "Largest" : "Smallest"} value of each column; nothing is sampled away.
      </li>
    </ul>
  );
}
