import type { LintFinding } from "../../../model/lint.ts";
import { changeLines, changeText } from "../../format/change.ts";
import { verdictWord } from "../../format/verdict.ts";
import { CopyButton } from "../../widgets/copy-button.tsx";
import { SeverityMark } from "../../widgets/severity-mark.tsx";

/** What lint says of a setting: the reason, and the change to copy. */
export function ConfigRemark({ remark }: { remark: LintFinding }) {
  const { severity, title, message, advice } = remark;
  const changes = advice[0]?.changes ?? [];
  return (
    <details className={`config-remark is-${severity}`}>
      <summary>
        <SeverityMark verdict={severity} />
        <span className="sr-only">{verdictWord[severity]}: </span>
        {title}
      </summary>
      <p>{message}</p>
      {advice.slice(0, 1).map(({ id, summary, expect, source }) => (
        <div key={id}>
          <p>{summary}</p>
          {changes.length > 0 && (
            <div className="diff">
              <pre aria-label="Change of configuration">
                {changeLines(changes)
                  .map(({ sign, key, value }) => `${sign} ${key}: ${value}`)
                  .join("\n")}
              </pre>
              <CopyButton text={changeText(changes)} label="Copy change" />
            </div>
          )}
          <p className="muted">
            {expect}{" "}
            <a href={source} target="_blank" rel="noreferrer">
              Source
            </a>
          </p>
        </div>
      ))}
    </details>
  );
}
