import { Skeleton } from "@mantine/core";
import { useState } from "react";
import type { Finding } from "../../../model/finding.ts";
import type { Report } from "../../../model/report.ts";
import type { Run } from "../../../model/run.ts";
import { grouped, plural } from "../../format/number.ts";
import { findingKey, verdictOf } from "../../format/verdict.ts";
import { Breakable } from "../../widgets/breakable.tsx";
import { SeverityMark } from "../../widgets/severity-mark.tsx";
import { FindingCard } from "./finding-card.tsx";
import { StandingList } from "./standing-list.tsx";

const shownAtFirst = 3;

/** The verdict in one sentence, then the findings in order of cause, then what was and was not checked. */
export function Findings({
  run,
  report,
  findings,
  openKey,
  setOpen,
  point,
}: {
  run: Run;
  report: Report | undefined;
  findings: readonly Finding[];
  openKey: string;
  setOpen: (key: string) => void;
  point: (key: string | undefined) => void;
}) {
  const [all, setAll] = useState(false);
  if (report === undefined) return <Skeleton height={56} mt={8} aria-label="Loading the diagnosis" />;
  const { verdict, sentence, since, finding: told } = verdictOf(report);
  const openAt = findings.findIndex((finding) => findingKey(finding) === openKey);
  const shown = all || openAt >= shownAtFirst ? findings : findings.slice(0, shownAtFirst);
  return (
    <section className="diagnosis" aria-label="Diagnosis">
      <p className={`verdict is-${verdict}`}>
        <SeverityMark verdict={verdict} size={20} labelled />
        <span>
          <Breakable text={sentence} />
          {since !== undefined && <small> from step {grouped(since)}</small>}
          {run.status === "running" && findings.length === 0 && <small> Checked again with every batch.</small>}
        </span>
      </p>
      {shown.length > 0 && (
        <div className="finding-list">
          {shown.map((finding) => {
            const key = findingKey(finding);
            return (
              <FindingCard
                key={key}
                run={run.id}
                finding={finding}
                told={finding === told}
                open={key === openKey}
                toggle={() => setOpen(key === openKey ? "" : key)}
                point={(on) => point(on ? key : undefined)}
              />
            );
          })}
        </div>
      )}
      <div className="diagnosis-rest">
        {shown.length < findings.length && (
          <button type="button" className="link" onClick={() => setAll(true)}>
            {plural(findings.length - shown.length, "more finding")}
          </button>
        )}
        <Checks report={report} />
      </div>
    </section>
  );
}

/** Nothing hidden: what was shown and is gone, what looks bad and is not, what is clean, what could not be checked and why. */
function Checks({
  report: { resolved = [], explained, standing = [], clean, notApplicable, failed },
}: {
  report: Report;
}) {
  return (
    <>
      {resolved.length > 0 && (
        <details>
          <summary>
            {plural(resolved.length, "finding")} no longer {resolved.length === 1 ? "holds" : "hold"}
          </summary>
          <ul>
            {resolved.map(({ finding, step, reason }) => (
              <li key={`${findingKey(finding)} ${finding.onset.layer} ${finding.onset.rank} ${step}`}>
                <b>{finding.title}</b>
                {finding.onset.step !== null && ` since step ${grouped(finding.onset.step)}`}. {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
      {explained.length > 0 && (
        <details>
          <summary>{plural(explained.length, "sign")} explained</summary>
          <ul>
            {explained.map(({ sign, why }) => (
              <li key={sign}>
                <b>{sign}</b> {why}
              </li>
            ))}
          </ul>
        </details>
      )}
      <StandingList standing={standing} />
      {clean.length > 0 && (
        <details>
          <summary>{plural(clean.length, "check")} clean</summary>
          <p>{clean.map(words).join(", ")}</p>
        </details>
      )}
      {notApplicable.length > 0 && (
        <details>
          <summary>{notApplicable.length} could not be checked</summary>
          <ul>
            {notApplicable.map(({ rule, missing }) => (
              <li key={rule}>
                <b>{words(rule)}</b> needs {missing.join(", ")}
              </li>
            ))}
          </ul>
        </details>
      )}
      {failed.length > 0 && (
        <details>
          <summary className="is-error">{plural(failed.length, "check")} failed</summary>
          <ul>
            {failed.map(({ rule, error }) => (
              <li key={rule}>
                <b>{words(rule)}</b> stopped with a bug of llmdbg: {error}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

const words = (rule: string): string => rule.replaceAll("-", " ");
