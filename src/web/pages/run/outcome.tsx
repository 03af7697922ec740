import { Link } from "wouter";
import type { AdviceOutcome } from "../../../model/finding.ts";

const words = {
  applied: "Applied",
  helped: "Helped",
  "did-not-help": "Did not help",
  "not-shown": "Not shown yet",
} as const;

/** What became of an advice. Green is for a verified fix alone: helped, the fault gone everywhere, nothing else worse. */
export function Outcome({ outcome: { state, run, statement, verified, before, after } }: { outcome: AdviceOutcome }) {
  return (
    <p className={`outcome${verified ? " is-verified" : ""}`}>
      <b>
        {verified && <span aria-hidden>✔ </span>}
        {words[state]}
      </b>{" "}
      in <Link href={`/runs/${encodeURIComponent(run)}`}>{run}</Link>
      {statement === "" ? "" : `: ${statement}`}{" "}
      <Link href={verificationLink(before, after)} className="muted">
        before and after
      </Link>
    </p>
  );
}

/** The compare page with these runs on its two sides. */
const verificationLink = (before: readonly string[], after: readonly string[]): string =>
  `/compare?${new URLSearchParams({ runs: [...before, ...after].join(","), after: after.join(",") }).toString()}`;
