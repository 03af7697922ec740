import { otherValue } from "../../../../analysis/slices/bins.ts";
import type { AttributeSummary } from "../../../../api/evaluation.ts";
import type { Condition } from "../../../../model/evaluation.ts";
import { fromWire } from "../../../../model/number.ts";
import { errorText } from "../../../format/evaluation-verdict.ts";
import { grouped } from "../../../format/number.ts";
import { Breakable } from "../../../widgets/breakable.tsx";

/** More bars are not read; the rest is said. */
const mostValues = 24;

/** How far the error differs between the values of an attribute, weighed by how many examples have them. */
function spreadOf({ values }: AttributeSummary): number {
  const counted = values.flatMap(({ n, error }) => {
    const number = fromWire(error) ?? Number.NaN;
    return Number.isNaN(number) ? [] : [{ n, number }];
  });
  const total = counted.reduce((sum, { n }) => sum + n, 0);
  const mean = counted.reduce((sum, { n, number }) => sum + n * number, 0) / total;
  return counted.reduce((sum, { n, number }) => sum + n * (number - mean) ** 2, 0) / total;
}

/** Mean error by the values of one attribute; a bar opens its examples. The attribute that tells most comes first. */
export function ErrorByAttribute({
  attributes,
  chosen,
  choose,
  isShare,
  where,
  setWhere,
}: {
  attributes: readonly AttributeSummary[];
  chosen: string | undefined;
  choose: (attribute: string) => void;
  isShare: boolean;
  where: readonly Condition[];
  setWhere: (where: readonly Condition[]) => void;
}) {
  const ordered = attributes.filter(({ values }) => values.length > 1).toSorted((a, b) => spreadOf(b) - spreadOf(a));
  const shown = ordered.find(({ attribute }) => attribute === chosen) ?? ordered[0];
  if (shown === undefined) return null;
  const values = shown.values.slice().sort((a, b) => byNumber(a.value, b.value));
  const largest = Math.max(...values.map(({ error }) => fromWire(error) ?? 0).filter(Number.isFinite));
  return (
    <section className="by-attribute" aria-label="Error by attribute">
      <div className="examples-bar">
        <h2>Error by</h2>
        <select
          aria-label="Attribute"
          value={shown.attribute}
          onChange={({ currentTarget: { value } }) => choose(value)}
        >
          {ordered.map(({ attribute }) => (
            <option key={attribute} value={attribute}>
              {attribute}
            </option>
          ))}
        </select>
      </div>
      <ul>
        {values.slice(0, mostValues).map(({ value, n, error }) => {
          const isOn = where.some((one) => one.attribute === shown.attribute && one.value === value);
          const size = (fromWire(error) ?? 0) / largest;
          return (
            <li key={value}>
              <button
                type="button"
                aria-pressed={isOn}
                onClick={() => setWhere(isOn ? [] : [{ attribute: shown.attribute, value }])}
              >
                <span className="bar-name">
                  <Breakable text={value} />
                </span>
                <span className="bar" aria-hidden="true">
                  <i style={{ width: `${Number.isFinite(size) ? size * 100 : 0}%` }} />
                </span>
                <span className="bar-number">{errorText(error, isShare)}</span>
                <span className="bar-count muted">{grouped(n)}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {values.length > mostValues && <p className="muted">and {grouped(values.length - mostValues)} more values</p>}
    </section>
  );
}

/** Ranges and numbers in their order, words in theirs. */
function byNumber(a: string, b: string): number {
  // What is put together as rare comes last.
  const isRest = (text: string): number => (text === otherValue ? 1 : 0);
  if (isRest(a) !== isRest(b)) return isRest(a) - isRest(b);
  const [x, y] = [firstNumber(a), firstNumber(b)];
  if (x === undefined || y === undefined || x === y) return a < b ? -1 : a > b ? 1 : 0;
  return x - y;
}

function firstNumber(text: string): number | undefined {
  const found = /-?\d+(\.\d+)?/.exec(text);
  if (found === null) return undefined;
  return /^(below|at most)/.test(text) ? Number(found[0]) - 1e-9 : Number(found[0]);
}
