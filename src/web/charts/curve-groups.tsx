import { useState } from "react";
import { full, plural, short } from "../format/number.ts";
import { CurveCard, type CardCurve } from "./curve-card.tsx";

export interface CardGroup {
  readonly name: string;
  readonly cards: readonly { readonly title: string; readonly curves: readonly CardCurve[] }[];
}

/** So many curves a chart can be told apart; the rest is one click away. */
const maxCurves = 32;

/** Small multiples, one section a prefix. A section with very many charts starts folded when others come before it. */
export function CurveGroups({
  groups,
  height,
  growing,
}: {
  groups: readonly CardGroup[];
  height: number;
  /** More points may come, so that a single one is the start of a curve. */
  growing: boolean;
}) {
  return groups.map((group, i) => (
    <Section
      key={group.name}
      group={group}
      height={height}
      growing={growing}
      startsOpen={i < 3 || group.cards.length <= 24}
    />
  ));
}

function Section({
  group,
  height,
  growing,
  startsOpen,
}: {
  group: CardGroup;
  height: number;
  growing: boolean;
  startsOpen: boolean;
}) {
  const [open, setOpen] = useState(startsOpen);
  // A value that was logged once says more as a number than as a dot.
  const isSingle = ({ curves }: CardGroup["cards"][number]): boolean =>
    !growing && curves.every(({ series }) => series.count === 1);
  const charts = group.cards.filter((card) => !isSingle(card));
  const singles = group.cards.filter(isSingle);
  return (
    <section className="curve-group">
      <h2>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <i aria-hidden>{open ? "▾" : "▸"}</i> {group.name}
          <small>{countText(charts.length, singles.length)}</small>
        </button>
      </h2>
      {open && charts.length > 0 && (
        <div className="curve-grid">
          {charts.map((card) => (
            <Card key={card.title} id={`${group.name} ${card.title}`} {...card} height={height} />
          ))}
        </div>
      )}
      {open && singles.length > 0 && (
        <dl className="singles">
          {singles.flatMap(({ title, curves }) =>
            curves.map(({ key, label, series }) => (
              <div key={key}>
                <dt>{curves.length === 1 ? title : `${title}, ${label}`}</dt>
                <dd
                  className={series.nonFinite > 0 ? "is-error" : undefined}
                  title={`${full(series.lastValue)}, logged once, at step ${full(series.lastStep)}`}
                >
                  {short(series.lastValue)}
                </dd>
              </div>
            )),
          )}
        </dl>
      )}
    </section>
  );
}

const countText = (charts: number, singles: number): string =>
  [charts > 0 ? plural(charts, "chart") : "", singles > 0 ? plural(singles, "single value") : ""]
    .filter((part) => part !== "")
    .join(", ");

function Card({
  id,
  title,
  curves,
  height,
}: {
  id: string;
  title: string;
  curves: readonly CardCurve[];
  height: number;
}) {
  const [all, setAll] = useState(false);
  if (curves.length <= maxCurves || all) return <CurveCard id={id} title={title} curves={curves} height={height} />;
  return (
    <div className="curve-card-more">
      <CurveCard id={id} title={title} curves={curves.slice(0, maxCurves)} height={height} />
      <button type="button" onClick={() => setAll(true)}>
        {maxCurves} of {plural(curves.length, "curve")}; show all
      </button>
    </div>
  );
}
