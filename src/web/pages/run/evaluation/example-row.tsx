import type { StoredExample } from "../../../../api/evaluation.ts";
import type { Condition } from "../../../../model/evaluation.ts";
import { fromWire } from "../../../../model/number.ts";
import { errorText } from "../../../format/evaluation-verdict.ts";
import { full, grouped } from "../../../format/number.ts";
import { WordDiff } from "./word-diff.tsx";

/** Style shows three lines of a closed row; what lies far beyond them need not be in the page. Whole words are compared. */
const inPageClosed = 4_000;

const cut = (text: string, open: boolean): string =>
  open || text.length <= inPageClosed ? text : `${text.slice(0, inPageClosed)} …`;

const joined = (value: StoredExample["prediction"]): string | null =>
  value === null || typeof value === "string" ? value : value.join(", ");

export function ExampleRow({
  example,
  isShare,
  open,
  toggle,
  add,
}: {
  example: StoredExample;
  isShare: boolean;
  open: boolean;
  toggle: () => void;
  /** Narrows the list to examples of the same value. */
  add: (condition: Condition) => void;
}) {
  const { id, line, input, references, error, attributes } = example;
  const prediction = joined(example.prediction);
  const [reference] = references;
  const isWrong = error !== null && (fromWire(error) ?? 0) > 0;
  // Labels are read whole; only texts have words to compare.
  const compares = prediction !== null && reference !== undefined && isWrong && /\s/.test(`${prediction}${reference}`);
  return (
    <article className={`example${isWrong ? " is-wrong" : ""}${open ? " is-open" : ""}`}>
      <button type="button" className="example-head" aria-expanded={open} onClick={toggle}>
        <span className="example-id">{id}</span>
        {line > 0 && <span className="muted">line {grouped(line)}</span>}
        <span className="example-error" title={full(error)}>
          {error === null ? "does not count" : isWrong ? `error ${errorText(error, isShare)}` : "right"}
        </span>
      </button>
      <dl>
        {input !== null && (
          <div>
            <dt>input</dt>
            <dd>{cut(input, open)}</dd>
          </div>
        )}
        <div>
          <dt>predicted</dt>
          <dd className={prediction === null || prediction === "" ? "muted" : ""}>
            {prediction === null ? (
              "nothing: the prediction is missing"
            ) : prediction === "" ? (
              "an empty text"
            ) : compares ? (
              <WordDiff prediction={prediction} reference={reference} />
            ) : (
              cut(prediction, open)
            )}
          </dd>
        </div>
        <div>
          <dt>right</dt>
          <dd className={reference === undefined ? "muted" : ""}>
            {reference === undefined
              ? "no reference"
              : (open ? references : references.slice(0, 1)).map((one, i) => (
                  <span key={i} className="reference">
                    {cut(one, open)}
                  </span>
                ))}
          </dd>
        </div>
      </dl>
      {open && (
        <ul className="example-attributes">
          {Object.entries(attributes).map(([attribute, value]) => (
            <li key={attribute}>
              <button type="button" className="chip" onClick={() => add({ attribute, value })}>
                {attribute}: {value}
              </button>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}
