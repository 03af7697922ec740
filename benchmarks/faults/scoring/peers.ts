/** The other detectors: they get the same points, in files, and answer alarms. See ../peers/detect.py. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { seriesId } from "../../../src/model/series.ts";
import type { Recorded } from "./corpus.ts";

const PeerAlarm = z.object({
  rules: z.array(z.string()),
  step: z.number().nullable(),
  layer: z.string().nullable(),
  causes: z.array(z.string()),
});
const Answers = z.record(z.string(), z.record(z.string(), z.array(PeerAlarm)));
/** Detector -> recording -> its alarms. */
export type Answers = z.infer<typeof Answers>;

const script = fileURLToPath(new URL("../peers/detect.py", import.meta.url));

export function askPeers(python: string, runs: readonly Recorded[], folder: string): Answers {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const recorded of runs) writeFileSync(`${folder}/${recorded.name}.json`, exported(recorded));
  const out = `${folder}/answers.json`;
  const { status, stderr } = spawnSync(python, [script, folder, out], {
    encoding: "utf8",
    stdio: ["ignore", "inherit", "pipe"],
  });
  if (status !== 0)
    throw new Error(
      `the other detectors did not run (${python}): ${stderr.trim().split("\n").at(-1) ?? ""}\nInstall them first: see benchmarks/faults/README.md`,
    );
  return Answers.parse(JSON.parse(readFileSync(out, "utf8")));
}

/** Non-finite numbers as Python's json reads them: NaN, Infinity. */
function exported({ run }: Recorded): string {
  const column = (values: Float64Array): string => `[${Array.from(values, String).join(",")}]`;
  const series = run.series.map(
    (points) =>
      `{"id":${JSON.stringify(seriesId(points.name, points.labels))},"name":${JSON.stringify(points.name)},"labels":${JSON.stringify(points.labels)},"step":${column(points.step)},"value":${column(points.value)},"time":${column(points.time)}}`,
  );
  const lines = run.records.map(({ message }) => message);
  return `{"series":[${series.join(",")}],"lines":${JSON.stringify(lines)}}`;
}
