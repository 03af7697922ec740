import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { SeriesInfo } from "../../../api/points.ts";
import type { Run } from "../../../model/run.ts";
import type { Connection } from "../../data/live.ts";
import { runOf } from "../../data/queries.ts";
import { stepRange } from "../../data/use-axis.ts";
import { grouped } from "../../format/number.ts";
import { absolute, ago, duration } from "../../format/time.ts";
import { Breakable } from "../../widgets/breakable.tsx";
import { useNow } from "../../widgets/now.ts";
import { Offline } from "../../widgets/offline.tsx";
import { StatusWord } from "../../widgets/status-word.tsx";
import { durationOf } from "../runs/order.ts";

/** Name, state and size of the run in one line. */
export function RunHead({
  run,
  series,
  connection,
}: {
  run: Run;
  series: readonly SeriesInfo[];
  connection: Connection;
}) {
  const now = useNow();
  const took = durationOf(run, now);
  const [, lastStep] = stepRange(series);
  const isRecording = run.tags.includes("recording");
  const tags = run.tags.filter((tag) => tag !== "recording");
  return (
    <div className="run-title">
      <h1 title={run.name}>
        <Breakable text={run.name} />
      </h1>
      <StatusWord status={run.status} />
      <dl>
        <div>
          <dt>project</dt>
          <dd>
            <Link href={`/?q=${encodeURIComponent(`project:"${run.project}"`)}`}>{run.project}</Link>
          </dd>
        </div>
        {series.length > 0 && (
          <div>
            <dt>step</dt>
            <dd>{grouped(lastStep)}</dd>
          </div>
        )}
        {took !== undefined && (
          <div>
            <dt>took</dt>
            <dd>{duration(took)}</dd>
          </div>
        )}
        <div>
          <dt>started</dt>
          <dd title={absolute(run.createdAt)}>{ago(run.createdAt, now)}</dd>
        </div>
        {run.exitStatus !== null && run.exitStatus !== 0 && (
          <div>
            <dt>exit status</dt>
            <dd>{run.exitStatus}</dd>
          </div>
        )}
        {run.parent !== null && <Parent id={run.parent.run} step={run.parent.step} />}
      </dl>
      {tags.map((tag) => (
        <span key={tag} className="tag">
          {tag}
        </span>
      ))}
      {isRecording && (
        <span className="tag" role="note">
          {run.status === "running" ? "a recording being replayed, not a live run" : "a recording, not a live run"}
        </span>
      )}
      <Offline connection={connection} />
    </div>
  );
}

function Parent({ id, step }: { id: string; step: number }) {
  const parent = useQuery(runOf(id));
  return (
    <div>
      <dt>continues</dt>
      <dd>
        <Link href={`/runs/${encodeURIComponent(id)}`}>{parent.data?.name ?? id}</Link> from step {grouped(step)}
      </dd>
    </div>
  );
}
