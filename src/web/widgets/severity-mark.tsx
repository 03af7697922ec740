import type { Verdict } from "../format/verdict.ts";
import { verdictWord } from "../format/verdict.ts";

/** Shape and colour of a verdict; a word stands beside it, or is given here as its label. */
export function SeverityMark({
  verdict,
  size = 12,
  labelled = false,
}: {
  verdict: Verdict;
  size?: number;
  labelled?: boolean;
}) {
  const label = labelled ? { role: "img", "aria-label": verdictWord[verdict] } : { "aria-hidden": true };
  return (
    <svg className={`severity-mark is-${verdict}`} width={size} height={size} viewBox="0 0 12 12" {...label}>
      {shapes[verdict]}
    </svg>
  );
}

const shapes = {
  error: (
    <>
      <path d="M3.7.5h4.6l3.2 3.2v4.6l-3.2 3.2H3.7L.5 8.3V3.7z" fill="currentColor" />
      <path d="m4 4 4 4m0-4-4 4" stroke="var(--bg)" strokeWidth="1.5" strokeLinecap="round" />
    </>
  ),
  warning: (
    <>
      <path d="M6 .6 11.8 11H.2z" fill="currentColor" strokeLinejoin="round" />
      <path d="M6 4.4v3.1M6 9.2v.4" stroke="var(--bg)" strokeWidth="1.4" strokeLinecap="round" />
    </>
  ),
  info: (
    <>
      <path d="M6 .3 11.7 6 6 11.7.3 6z" fill="currentColor" />
      <path d="M6 5.4v2.8M6 3.6v.2" stroke="var(--bg)" strokeWidth="1.3" strokeLinecap="round" />
    </>
  ),
  healthy: (
    <>
      <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" strokeWidth="1.2" />
      <path d="m3.6 6.2 1.7 1.7 3.1-3.6" fill="none" stroke="currentColor" strokeWidth="1.2" strokeLinecap="round" />
    </>
  ),
  unknown: <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" strokeWidth="1.2" strokeDasharray="2 1.6" />,
} as const;
