import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { Link } from "wouter";
import type { Report } from "../../../model/report.ts";
import type { Run } from "../../../model/run.ts";
import type { Ink } from "../../charts/palette.ts";
import { verdictOf } from "../../format/verdict.ts";
import { SeverityMark } from "../../widgets/severity-mark.tsx";
import { StatusWord } from "../../widgets/status-word.tsx";

export interface ComparedRun {
  readonly id: string;
  /** Undefined while it loads. */
  readonly run: Run | undefined;
  readonly report: Report | undefined;
  readonly ink: Ink;
  readonly hidden: boolean;
}

/** One line a run: its colour, its verdict; a click on the colour hides it, with Alt shows it alone. */
export function Legend({
  runs,
  setHidden,
  remove,
}: {
  runs: readonly ComparedRun[];
  setHidden: (ids: string[]) => void;
  remove: (id: string) => void;
}) {
  const hidden = runs.filter((one) => one.hidden).map(({ id }) => id);
  const toggle = (id: string): void =>
    setHidden(hidden.includes(id) ? hidden.filter((other) => other !== id) : [...hidden, id]);
  const solo = (id: string): void => {
    const others = runs.map((one) => one.id).filter((other) => other !== id);
    setHidden(hidden.length === others.length && !hidden.includes(id) ? [] : others);
  };
  return (
    <ul className="legend">
      {runs.map(({ id, run, report, ink, hidden: isHidden }) => {
        const verdict = report === undefined ? undefined : verdictOf(report);
        return (
          <li key={id} className={isHidden ? "is-hidden" : ""}>
            <button
              type="button"
              className="legend-line"
              aria-pressed={!isHidden}
              aria-label={`${isHidden ? "Show" : "Hide"} ${run?.name ?? id}`}
              title="Click: hide or show. Alt-click: this one alone"
              onClick={(event) => (event.altKey ? solo(id) : toggle(id))}
            >
              <svg width="28" height="10" aria-hidden>
                <line
                  x1="1"
                  x2="27"
                  y1="5"
                  y2="5"
                  stroke={ink.colour}
                  strokeWidth="2.5"
                  strokeDasharray={ink.dash.join(" ")}
                />
              </svg>
            </button>
            <Link href={`/runs/${encodeURIComponent(id)}`}>{run?.name ?? id}</Link>
            {run !== undefined && <StatusWord status={run.status} />}
            <span className="legend-verdict">
              {verdict !== undefined && <SeverityMark verdict={verdict.verdict} labelled />}
              <span title={verdict?.sentence}>{verdict?.sentence}</span>
            </span>
            <button type="button" className="link" onClick={() => solo(id)}>
              solo
            </button>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={20}
              aria-label={`Remove ${run?.name ?? id}`}
              onClick={() => remove(id)}
            >
              <IconX size={12} />
            </ActionIcon>
          </li>
        );
      })}
    </ul>
  );
}
