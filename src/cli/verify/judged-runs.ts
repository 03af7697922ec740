import { isAnalysed, RunData, type JudgedRun } from "../../analysis/index.ts";
import { getPoints, getSeries } from "../../api/points.ts";
import { fromWire } from "../../model/number.ts";
import type { Run } from "../../model/run.ts";
import type { Connection } from "../client/connection.ts";
import { diagnoser } from "../diagnose/local-diagnosis.ts";
import { isPath } from "../diagnose/operand.ts";
import { findInputs } from "../read/find-inputs.ts";
import { readRun, toRunData, type ReadRun } from "../read/read-run.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** Every run that the operands name: of a directory all that it holds, of an id the stored one. */
export async function judgedRuns(
  operands: readonly string[],
  directory: string,
  env: Variables,
  metric: string | undefined,
): Promise<JudgedRun[]> {
  const runs: JudgedRun[] = [];
  for (const operand of operands) {
    if (isPath(operand)) for (const input of await findInputs(operand)) runs.push(fromFiles(await readRun(input)));
    else runs.push(await fromServer(operand, directory, env, metric));
  }
  return runs;
}

function fromFiles(run: ReadRun): JudgedRun {
  const data = toRunData(run);
  return {
    id: null,
    name: run.path,
    data,
    report: diagnoser(data)(),
    command: run.recording?.command,
    environment: run.recording?.environment,
  };
}

async function fromServer(
  operand: string,
  directory: string,
  env: Variables,
  metric: string | undefined,
): Promise<JudgedRun> {
  const stored = await import("../diagnose/stored-run.ts");
  const { connection, run } = await stored.openStoredRun(operand, directory, env);
  const { id } = run;
  try {
    const report = await stored.storedReport(connection, id);
    const data = await storedData(connection, run, metric);
    return { id, name: run.name, data, report, command: run.environment.command, environment: run.environment };
  } finally {
    connection.close();
  }
}

/** A longer series is cut by the server; the answer of a million points is 30 MB. */
const mostPoints = 1_000_000;

async function storedData(connection: Connection, run: Run, metric: string | undefined): Promise<RunData> {
  const { id, name, kind, source, dialect, status, createdAt, endedAt, exitStatus } = run;
  const data = new RunData({ id, name, kind, source, dialect, status, startedAt: createdAt, endedAt, exitStatus });
  data.setConfig(run.config);
  const path = (route: string): string => route.replace(":run", encodeURIComponent(id));
  const { series } = await connection.ask(getSeries.response, { method: "GET", path: path(getSeries.path) });
  for (const one of series) {
    if (one.id !== metric && !isAnalysed(one.name, one.labels)) continue;
    const query = `series=${encodeURIComponent(one.id)}&limit=${mostPoints}`;
    const answer = await connection.ask(getPoints.response, {
      method: "GET",
      path: `${path(getPoints.path)}?${query}`,
    });
    for (const { step, value } of answer.series)
      data.appendPoints({
        name: one.name,
        labels: one.labels,
        step: Float64Array.from(step),
        time: new Float64Array(step.length).fill(Number.NaN),
        value: Float64Array.from(value, (v) => fromWire(v) ?? Number.NaN),
      });
  }
  return data;
}
