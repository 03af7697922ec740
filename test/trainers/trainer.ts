import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { getPoints, getSeries } from "../../src/api/points.ts";
import { getRecords } from "../../src/api/records.ts";
import { getRun, getRuns } from "../../src/api/runs.ts";
import { Report } from "../../src/model/report.ts";
import { root } from "../cli/built.ts";
import { bin, environment, workplace } from "../cli/llmdbg.ts";

const python = process.env["LLMDBG_TEST_PYTHON"] ?? join(root, ".venv/bin/python");
const Document = z.object({ id: z.string(), exitStatus: z.number(), url: z.string(), report: Report });
const History = z.object({ step: z.number(), history: z.array(z.record(z.string(), z.unknown())) });

/** Whether the test environment has these modules; says so when it has not. */
export function has(...modules: readonly string[]): boolean {
  const names = JSON.stringify(modules);
  const check = `import importlib.util as u; print(*[m for m in ${names} if u.find_spec(m) is None])`;
  const { status, stdout } = existsSync(python)
    ? spawnSync(python, ["-c", check], { encoding: "utf8" })
    : { status: null, stdout: "" };
  const missing = status === 0 ? stdout.trim() : `Python at ${python}`;
  if (missing !== "") process.stderr.write(`skipped: ${modules.join(", ")} is needed, missing: ${missing}\n`);
  return missing === "";
}

/** What a run left behind, asked of the server. */
export interface Trained {
  readonly status: number | null;
  readonly stderr: string;
  readonly report: Report;
  /** As the server has it now. */
  readonly run: () => Promise<z.infer<typeof getRun.response>["run"]>;
  readonly series: ReadonlyMap<string, z.infer<typeof getSeries.response>["series"][number]>;
  readonly records: z.infer<typeof getRecords.response>["records"];
  /** Steps and values of one series. */
  readonly points: (id: string) => Promise<(readonly [step: number, value: number])[]>;
  /** Runs that the server knows under this project. */
  readonly runsOfProject: number;
  /** What the script itself knows: `trainer.state`. */
  readonly history: () => z.infer<typeof History>;
  /** The same, in whatever form the script wrote it. */
  readonly historyText: () => string;
  readonly directory: string;
}

interface Training {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it is started; a directory of its own unless named. */
  readonly directory?: string;
}

/** A place for the trainings of one test file. */
export function trainings(): { train: (script: string, training?: Training) => Promise<Trained>; dir: string } {
  const { dir, data } = workplace();
  let count = 0;
  return {
    dir,
    async train(script, { args = [], env = {}, directory } = {}) {
      count += 1;
      const project = `t${count}`;
      const cwd = directory ?? join(dir, project);
      mkdirSync(cwd, { recursive: true });
      const history = join(dir, `history-${count}.json`);
      const { status, stdout, stderr } = await execute(
        ["run", "--dir", data, "--project", project, "--json", "--", python, scriptPath(script), ...args],
        cwd,
        { ...env, HISTORY: history },
      );
      const document = Document.parse(JSON.parse(stdout));
      const server = new URL(document.url).origin;
      const ask = async <T>(schema: z.ZodType<T>, path: string): Promise<T> =>
        schema.parse(await (await fetch(`${server}${path.replace(":run", document.id)}`)).json());
      const { series } = await ask(getSeries.response, getSeries.path);
      return {
        status,
        stderr,
        report: document.report,
        run: async () => (await ask(getRun.response, getRun.path)).run,
        series: new Map(series.map((each) => [each.id, each])),
        records: (await ask(getRecords.response, `${getRecords.path}?limit=1000`)).records,
        async points(id) {
          const answer = await ask(getPoints.response, `${getPoints.path}?series=${encodeURIComponent(id)}`);
          const [points] = answer.series;
          return (points?.step ?? []).map((step, i) => [step, Number(points?.value[i])] as const);
        },
        runsOfProject: (await ask(getRuns.response, `${getRuns.path}?project=${project}`)).total,
        history: () =>
          History.parse(JSON.parse(readFileSync(history, "utf8").replaceAll(/: (-?)(NaN|Infinity)/g, ': "$1$2"'))),
        historyText: () => readFileSync(history, "utf8"),
        directory: cwd,
      };
    },
  };
}

/** A training that nobody watches. Ends by itself. */
export function trainUnwatched(script: string, args: readonly string[], cwd: string): void {
  spawn(python, [scriptPath(script), ...args], { cwd, stdio: "ignore" });
}

const scriptPath = (script: string): string => fileURLToPath(new URL(`scripts/${script}`, import.meta.url));

interface Executed {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function execute(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Executed> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: environment({
      OMP_NUM_THREADS: "1",
      // No test asks the model hub for anything.
      HF_HUB_OFFLINE: "1",
      PYTHONPATH: join(root, "sdks/python"),
      KERAS_BACKEND: "torch",
      ...env,
    }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** Rows of a Trainer's history that hold this metric. */
export const rowsOf = (history: readonly Record<string, unknown>[], metric: string): (readonly [number, number])[] =>
  history.flatMap((row) =>
    typeof row["step"] === "number" && row[metric] !== undefined ? [[row["step"], Number(row[metric])] as const] : [],
  );
