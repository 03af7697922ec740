import type { LintFinding } from "../../../model/lint.ts";
import { verdictWord } from "../../format/verdict.ts";
import { SeverityMark } from "../../widgets/severity-mark.tsx";
import { AdviceText } from "./advice.tsx";

/** What lint says of a setting: the reason, and the change to copy. */
export function ConfigRemark({ remark }: { remark: LintFinding }) {
  const { severity, title, message, advice } = remark;
  return (
    <details className={`config-remark is-${severity}`}>
      <summary>
        <SeverityMark verdict={severity} />
        <span className="sr-only">{verdictWord[severity]}: </span>
        {title}
      </summary>
      <p>{message}</p>
      {advice.map((one) => (
        <AdviceText key={one.id} advice={one} />
      ))}
    </details>
  );
}
