import { useId } from "react";
import { listedCauses } from "../../../analysis/index.ts";
import type { Cause, Finding, Related } from "../../../model/finding.ts";
import { full, grouped, plural, short } from "../../format/number.ts";
import { splitSentence, verdictWord } from "../../format/verdict.ts";
import { Breakable } from "../../widgets/breakable.tsx";
import { SeverityMark } from "../../widgets/severity-mark.tsx";
import { AdviceText } from "./advice.tsx";

const shownEvidence = 4;

export function FindingCard({
  run,
  finding,
  told,
  open,
  toggle,
  point,
}: {
  run: string;
  finding: Finding;
  /** The first sentence of its message stands above already, as the verdict. */
  told: boolean;
  open: boolean;
  toggle: () => void;
  point: (on: boolean) => void;
}) {
  const body = useId();
  const { severity, title, evidence, causes, advice, related = [] } = finding;
  const text = told ? splitSentence(finding)[1] : finding.message;
  const { shown, further } = listedCauses(causes);
  const [likeliest, ...others] = shown;
  return (
    <article
      className={`finding is-${severity}${open ? " is-open" : ""}`}
      onMouseEnter={() => point(true)}
      onMouseLeave={() => point(false)}
      onFocus={() => point(true)}
      onBlur={() => point(false)}
    >
      <h2>
        <button type="button" aria-expanded={open} aria-controls={body} onClick={toggle}>
          <SeverityMark verdict={severity} size={14} />
          <span className="finding-severity">{verdictWord[severity]}</span>
          <span className="finding-title">{title}</span>
          <span className="finding-when">
            <Breakable text={whenText(finding)} />
          </span>
        </button>
      </h2>
      {open && (
        <div className="finding-body" id={body}>
          <div className="finding-why">
            {text !== "" && <p>{text}</p>}
            {evidence.length > 0 && <EvidenceList evidence={evidence} />}
            {related.length > 0 && <RelatedList related={related} />}
            {likeliest !== undefined && <CauseText cause={likeliest} />}
            {others.length > 0 && (
              <details>
                <summary>
                  {others.length} other possible {others.length === 1 ? "cause" : "causes"}
                </summary>
                {others.map((cause) => (
                  <CauseText key={cause.id} cause={cause} />
                ))}
                {further.length > 0 && (
                  <details>
                    <summary>{further.length} less likely</summary>
                    {further.map((cause) => (
                      <CauseText key={cause.id} cause={cause} />
                    ))}
                  </details>
                )}
              </details>
            )}
          </div>
          {advice.length > 0 && (
            <div className="finding-advice">
              {advice.slice(0, 1).map((one) => (
                <AdviceText key={one.id} advice={one} run={run} />
              ))}
              {advice.length > 1 && (
                <details>
                  <summary>{advice.length - 1} more to try</summary>
                  {advice.slice(1).map((one) => (
                    <AdviceText key={one.id} advice={one} />
                  ))}
                </details>
              )}
            </div>
          )}
        </div>
      )}
    </article>
  );
}

function whenText({ onset, end, recovered }: Finding): string {
  const where = [
    onset.step === null ? "" : `step ${grouped(onset.step)}`,
    end === null ? "" : `to ${grouped(end.step)}`,
    onset.layer === undefined ? "" : onset.layer,
    onset.rank === undefined ? "" : `rank ${onset.rank}`,
  ];
  const outcome = recovered === true ? "recovered" : recovered === false ? "not recovered" : "";
  return [where.filter((part) => part !== "").join(" "), outcome].filter((part) => part !== "").join(" · ");
}

function EvidenceList({ evidence }: { evidence: Finding["evidence"] }) {
  const rows = (some: Finding["evidence"]) =>
    some.map(({ series, step, value, note }, i) => (
      <tr key={`${series} ${step} ${i}`}>
        <th scope="row">{series === null ? "" : <Breakable text={series} />}</th>
        <td title={full(value)}>{value === null ? "" : short(value)}</td>
        <td>{step === null ? "" : `step ${grouped(step)}`}</td>
        <td>
          <Breakable text={note} />
        </td>
      </tr>
    ));
  return (
    <>
      <table className="evidence">
        <caption className="sr-only">Evidence</caption>
        <tbody>{rows(evidence.slice(0, shownEvidence))}</tbody>
      </table>
      {evidence.length > shownEvidence && (
        <details>
          <summary>
            {plural(evidence.length - shownEvidence, "more point of evidence", "more points of evidence")}
          </summary>
          <table className="evidence">
            <tbody>{rows(evidence.slice(shownEvidence))}</tbody>
          </table>
        </details>
      )}
    </>
  );
}

/** So many are named before they are unfolded. */
const namedRelated = 3;

const nameOf = ({ title, onset }: Related): string =>
  `${title}${onset.step === null ? "" : ` (step ${grouped(onset.step)})`}`;

/** What other checks found of the same fault. */
function RelatedList({ related }: { related: readonly Related[] }) {
  return (
    <details>
      <summary>
        Part of the same story: {related.slice(0, namedRelated).map(nameOf).join(", ")}
        {related.length > namedRelated && ` and ${related.length - namedRelated} more`}
      </summary>
      <ul className="related">
        {related.map(({ rule, title, message, onset }) => (
          <li key={`${rule} ${onset.step} ${onset.layer} ${onset.rank}`}>
            <b>{title}</b> {onset.step !== null && <span className="muted">step {grouped(onset.step)}</span>} {message}
          </li>
        ))}
      </ul>
    </details>
  );
}

function CauseText({ cause }: { cause: Cause }) {
  return (
    <div className="cause">
      <p>
        <b>{cause.statement}</b>{" "}
        <span className="muted" title="How likely this cause is, from the evidence for and against it">
          {Math.round(cause.likelihood * 100)} %
        </span>
      </p>
      <ul>
        {cause.for.map((reason) => (
          <li key={reason} className="is-for">
            <span className="sr-only">For: </span>
            {reason}
          </li>
        ))}
        {cause.against.map((reason) => (
          <li key={reason} className="is-against">
            <span className="sr-only">Against: </span>
            {reason}
          </li>
        ))}
      </ul>
    </div>
  );
}
