import { useState } from "react";
import { Link } from "wouter";
import { patchesOf } from "../../../analysis/patches/patch.ts";
import type { Advice } from "../../../model/finding.ts";
import { changeLines, changeText } from "../../format/change.ts";
import { CopyButton } from "../../widgets/copy-button.tsx";
import { Outcome } from "./outcome.tsx";

/** One advice: what to do, as a patch in the user's own language, and what came of it where it was tried. */
export function AdviceText({
  advice,
  run,
}: {
  advice: Advice;
  /** Whose reruns would show whether it helps; without one nothing is said of trying it. */
  run?: string;
}) {
  const { summary, expect, source, outcome } = advice;
  return (
    <div className="advice">
      <p>
        <b>{summary}</b>
      </p>
      {outcome !== undefined && <Outcome outcome={outcome} />}
      <PatchText advice={advice} />
      {outcome === undefined && run !== undefined && (
        <p className="muted">
          Not tried yet.{" "}
          <Link href={`/compare?runs=${encodeURIComponent(run)}`} title={`llmdbg verify ${run} --against <the rerun>`}>
            Compare with a rerun
          </Link>{" "}
          to see whether it helped.
        </p>
      )}
      {expect !== "" && <p className="muted">Expect: {expect}</p>}
      {source !== "" && (
        <p className="advice-source muted">
          Source: <Source text={source} />
        </p>
      )}
    </div>
  );
}

/** The change as a difference first, because it shows what is replaced; then every form that can be pasted. */
function PatchText({ advice }: { advice: Advice }) {
  const { changes, dialect } = advice;
  const patches = patchesOf(advice);
  const forms = [...(changes.length > 0 ? ["change"] : []), ...patches.map(({ label }) => label)];
  const [chosen, choose] = useState("");
  const form = forms.includes(chosen) ? chosen : forms[0];
  if (form === undefined) return null;
  const patch = patches.find(({ label }) => label === form);
  return (
    <div className="patch">
      {forms.length > 1 && (
        <div className="patch-forms" role="group" aria-label="Form of the change">
          {forms.map((label) => (
            <button key={label} type="button" aria-pressed={label === form} onClick={() => choose(label)}>
              {label}
            </button>
          ))}
        </div>
      )}
      <div className="diff">
        {patch === undefined ? (
          <pre aria-label={`Change of configuration${dialect === null ? "" : ` (${dialect})`}`}>
            {changeLines(changes).map(({ sign, key, value }, i) => (
              <span key={`${sign}${key}${i}`} className={sign === "-" ? "diff-from" : "diff-to"}>
                {`${sign}${key}: ${value}\n`}
              </span>
            ))}
          </pre>
        ) : (
          <pre aria-label={`Change as ${patch.label}`}>{patch.text}</pre>
        )}
        <CopyButton text={patch?.text ?? changeText(changes)} label={patch === undefined ? "Copy change" : "Copy"} />
      </div>
    </div>
  );
}

/** Only https becomes a link; anything else stays text. */
const Source = ({ text }: { text: string }) =>
  /^https:\/\/[^\s"<>]+$/.test(text) ? (
    <a href={text} target="_blank" rel="noreferrer">
      {text.replace("https://", "")}
    </a>
  ) : (
    text
  );
