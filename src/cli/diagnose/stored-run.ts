import { existsSync } from "node:fs";
import { getPoints } from "../../api/points.ts";
import { getReport, getRun, getRuns } from "../../api/runs.ts";
import { AppError } from "../../base/errors.ts";
import type { Finding } from "../../model/finding.ts";
import { fromWire } from "../../model/number.ts";
import type { Report } from "../../model/report.ts";
import type { Run } from "../../model/run.ts";
import type { Connection } from "../client/connection.ts";
import { findServer, requireServer } from "../client/locate.ts";
import type { Curve } from "../terminal/sparkline.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** A connection to the server that holds the run, and the run: by its id, or by a name that only one run has. */
export async function openStoredRun(
  id: string,
  directory: string,
  env: Variables,
): Promise<{ connection: Connection; run: Run }> {
  const nothing = `There is no file or directory ${id}, and no stored run of that id or name.`;
  const connection = existsSync(directory) ? await requireServer(directory, env) : await findServer(directory, env);
  if (connection === undefined) throw new AppError("not-found", `${nothing} Nothing is stored in ${directory} yet.`);
  try {
    const run = (await runOf(connection, id)) ?? (await runNamed(connection, id));
    if (run !== undefined) return { connection, run };
    throw new AppError("not-found", `${nothing} \`llmdbg serve --open\` shows what is stored.`);
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
}

async function runOf(connection: Connection, id: string): Promise<Run | undefined> {
  try {
    const { run } = await connection.ask(getRun.response, { method: "GET", path: runPath(getRun.path, id) });
    return run;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "not-found") return undefined;
    throw thrown;
  }
}

/** As many runs of one name as are looked at, and named when there are several. */
const mostFound = 1000;
const mostNamed = 8;

async function runNamed(connection: Connection, name: string): Promise<Run | undefined> {
  const query = `search=${encodeURIComponent(name)}&limit=${mostFound}`;
  const { runs } = await connection.ask(getRuns.response, { method: "GET", path: `${getRuns.path}?${query}` });
  const ids = runs.filter((run) => run.name === name).map(({ id }) => id);
  const [id] = ids;
  if (id === undefined) return undefined;
  if (ids.length === 1) return runOf(connection, id);
  const some = `${ids.slice(0, mostNamed).join(", ")}${ids.length > mostNamed ? ", ..." : ""}`;
  throw new AppError("bad-request", `${ids.length} stored runs are named ${name}. Give the id of one: ${some}.`);
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
