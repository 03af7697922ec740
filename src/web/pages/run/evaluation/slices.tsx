import type { Condition, Evaluation, Slice } from "../../../../model/evaluation.ts";
import { fromWire } from "../../../../model/number.ts";
import { errorText, isShareOf, ruleText } from "../../../format/evaluation-verdict.ts";
import { grouped, plural, short } from "../../../format/number.ts";
import { Breakable } from "../../../widgets/breakable.tsx";

const sameRule = (a: readonly Condition[], b: readonly Condition[]): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Kinds of input on which the model is worse, each held up on examples that played no part in finding it. */
export function Slices({
  evaluation,
  where,
  choose,
}: {
  evaluation: Evaluation;
  where: readonly Condition[];
  choose: (where: readonly Condition[]) => void;
}) {
  const { slices, search } = evaluation;
  const isShare = isShareOf(evaluation);
  const largest = Math.max(
    ...slices.flatMap(({ error, baseline, high }) => [numberOf(error), numberOf(baseline) + numberOf(high)]),
  );
  const percent = (value: number): string => `${Math.min(100, Math.max(0, (value / largest) * 100))}%`;
  return (
    <section className="slices" aria-label="Where it fails">
      <h2>Where it fails</h2>
      {slices.length === 0 ? (
        <p className="muted">{nothingFound(evaluation)}</p>
      ) : (
        <ol>
          {slices.map((slice) => (
            <li key={ruleText(slice.where)} className={sameRule(slice.where, where) ? "is-chosen" : ""}>
              <button type="button" aria-pressed={sameRule(slice.where, where)} onClick={() => choose(slice.where)}>
                <span className="slice-rule">
                  <Breakable text={ruleText(slice.where)} />
                </span>
                <span className="slice-bar" aria-hidden="true">
                  <i
                    style={{
                      left: percent(numberOf(slice.baseline)),
                      right: `calc(100% - ${percent(numberOf(slice.error))})`,
                    }}
                  />
                  <s
                    style={{
                      left: percent(numberOf(slice.baseline) + numberOf(slice.low)),
                      right: `calc(100% - ${percent(numberOf(slice.baseline) + numberOf(slice.high))})`,
                    }}
                  />
                  <b style={{ left: percent(numberOf(slice.baseline)) }} />
                </span>
                <span className="slice-numbers">{numbersText(slice, isShare)}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
      {search !== null && (
        <p className="muted slice-search">
          {plural(search.candidates, "combination")} of {plural(search.attributes, "attribute")} searched up to{" "}
          {plural(search.depth, "condition")} on one half; {grouped(search.discovered)} tried on the other,{" "}
          {grouped(search.confirmed)} held up.
          {search.visibleDifference !== null &&
            ` A slice of a tenth of the examples shows from a difference of ${errorText(search.visibleDifference, isShare)} on.`}
        </p>
      )}
    </section>
  );
}

const numberOf = (value: Slice["error"]): number => fromWire(value) ?? 0;

function numbersText({ n, error, baseline, difference, low, high, q }: Slice, isShare: boolean): string {
  const sign = numberOf(difference) >= 0 ? "+" : "";
  const points = isShare
    ? `${sign}${short(numberOf(difference) * 100)} points [${short(numberOf(low) * 100)}, ${short(numberOf(high) * 100)}]`
    : `${sign}${short(difference)} [${short(low)}, ${short(high)}]`;
  return `error ${errorText(error, isShare)}, ${errorText(baseline, isShare)} elsewhere · ${points} · n ${grouped(n)} · q ${short(q)}`;
}

function nothingFound({ search, errors }: Evaluation): string {
  if (search === null) return "No slices were searched: there are no attributes, or no error per example.";
  if (errors.count === 0) return "Nothing is wrong on any example.";
  return "No kind of input is worse than the others by more than chance would do.";
}
