import { existsSync } from "node:fs";
import { getPoints } from "../../api/points.ts";
import { getReport, getRun } from "../../api/runs.ts";
import { AppError } from "../../base/errors.ts";
import type { Finding } from "../../model/finding.ts";
import { fromWire } from "../../model/number.ts";
import type { Report } from "../../model/report.ts";
import type { Run } from "../../model/run.ts";
import type { Connection } from "../client/connection.ts";
import { findServer, requireServer } from "../client/locate.ts";
import type { Curve } from "../terminal/sparkline.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** A connection to the server that holds the run, and the run. */
export async function openStoredRun(
  id: string,
  directory: string,
  env: Variables,
): Promise<{ connection: Connection; run: Run }> {
  const nothing = `There is no file or directory ${id}, and no stored run of that id.`;
  const connection = existsSync(directory) ? await requireServer(directory, env) : await findServer(directory, env);
  if (connection === undefined) throw new AppError("not-found", `${nothing} Nothing is stored in ${directory} yet.`);
  try {
    const { run } = await connection.ask(getRun.response, { method: "GET", path: runPath(getRun.path, id) });
    return { connection, run };
  } catch (thrown) {
    connection.close();
    if (thrown instanceof AppError && thrown.code === "not-found")
      throw new AppError("not-found", `${nothing} \`llmdbg serve --open\` shows what is stored.`, { cause: thrown });
    throw thrown;
  }
}

export const runPath = (path: string, id: string): string => path.replace(":run", encodeURIComponent(id));

export const storedReport = async (connection: Connection, id: string): Promise<Report> =>
  connection.ask(getReport.response, { method: "GET", path: runPath(getReport.path, id) });

/** Curves beside the findings, for the first series of each finding's evidence. */
export async function storedCurves(
  connection: Connection,
  id: string,
  findings: readonly Finding[],
): Promise<(finding: Finding) => Curve | undefined> {
  const wanted = new Set(
    findings.flatMap((finding) => finding.evidence.find(({ series }) => series !== null)?.series ?? []),
  );
  const curves = new Map<string, Curve>();
  for (const series of wanted) {
    const query = `series=${encodeURIComponent(series)}&limit=100000`;
    const answer = await connection.ask(getPoints.response, {
      method: "GET",
      path: `${runPath(getPoints.path, id)}?${query}`,
    });
    const [points] = answer.series;
    if (points !== undefined && points.step.length > 1)
      curves.set(series, {
        label: series,
        step: points.step,
        value: points.value.map((v) => fromWire(v) ?? Number.NaN),
      });
  }
  return (finding) => curves.get(finding.evidence.find(({ series }) => series !== null)?.series ?? "");
}

/** Where a run is shown in the browser. */
export const runPage = (connection: { readonly url: string }, id: string): string =>
  `${connection.url}/runs/${encodeURIComponent(id)}`;
