import { memo } from "react";

const [width, height] = [96, 20];

/** A curve without axes; gaps stay gaps, and a run that ends without a finite value ends in a cross. */
export const Sparkline = memo(function Sparkline({
  values,
  colour,
}: {
  values: readonly (number | null)[];
  colour: string;
}) {
  const finite = values.filter((value) => value !== null);
  if (finite.length === 0) return <span className="sparkline is-empty" />;
  const [min, max] = [Math.min(...finite), Math.max(...finite)];
  const x = (i: number): number => 2 + (i / Math.max(1, values.length - 1)) * (width - 10);
  const y = (value: number): number =>
    max === min ? height / 2 : height - 2 - ((value - min) / (max - min)) * (height - 4);
  let path = "";
  let down = false;
  values.forEach((value, i) => {
    if (value === null) {
      down = false;
      return;
    }
    path += `${down ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    down = true;
  });
  const broken = values.at(-1) === null;
  const end = x(values.findLastIndex((value) => value !== null)) + 5;
  return (
    <svg className="sparkline" width={width} height={height} aria-hidden>
      <path d={path} fill="none" stroke={colour} strokeWidth="1.25" strokeLinejoin="round" strokeLinecap="round" />
      {broken && <path d={`M${end} ${height - 8}l5 5m0-5l-5 5`} stroke="var(--error)" strokeWidth="1.25" fill="none" />}
    </svg>
  );
});
