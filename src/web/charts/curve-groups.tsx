import { useState } from "react";
import { plural } from "../format/number.ts";
import { CurveCard, type CardCurve } from "./curve-card.tsx";

export interface CardGroup {
  readonly name: string;
  readonly cards: readonly { readonly title: string; readonly curves: readonly CardCurve[] }[];
}

/** So many curves a chart can be told apart; the rest is one click away. */
const maxCurves = 32;

/** Small multiples, one section a prefix. A section with very many charts starts folded when others come before it. */
export function CurveGroups({ groups, height }: { groups: readonly CardGroup[]; height: number }) {
  return groups.map((group, i) => (
    <Section key={group.name} group={group} height={height} startsOpen={i < 3 || group.cards.length <= 24} />
  ));
}

function Section({ group, height, startsOpen }: { group: CardGroup; height: number; startsOpen: boolean }) {
  const [open, setOpen] = useState(startsOpen);
  return (
    <section className="curve-group">
      <h2>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <i aria-hidden>{open ? "▾" : "▸"}</i> {group.name}
          <small>{plural(group.cards.length, "chart")}</small>
        </button>
      </h2>
      {open && (
        <div className="curve-grid">
          {group.cards.map((card) => (
            <Card key={card.title} id={`${group.name} ${card.title}`} {...card} height={height} />
          ))}
        </div>
      )}
    </section>
  );
}

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
