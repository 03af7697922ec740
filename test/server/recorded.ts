import { patchRun, postRun } from "../../src/api/runs.ts";
import { decodeFile } from "../../src/cli/read/decode-file.ts";
import { readRecording } from "../../src/cli/read/recording.ts";
import { toJson } from "../../src/model/number.ts";
import type { TestServer } from "./harness.ts";

const folder = new URL("../../fixtures/verify/", import.meta.url);
let clock = 1_700_000_000_000;

/** Stores a run of fixtures/verify as its trainer would have sent it, each later than the one before. */
export async function storeRecorded(
  server: Pick<TestServer, "ask" | "read">,
  story: string,
  seed: number,
  project: string,
): Promise<string> {
  const id = `${project}-${story}-${seed}`;
  const place = new URL(`${story}-seed${seed}/`, folder);
  const recording = readRecording(place.pathname);
  if (recording === undefined) throw new Error(`no recording in ${place.pathname}`);
  const { command, config } = recording;
  const { series } = await decodeFile(new URL("trainer_state.json", place).pathname, {});
  clock += 1000;
  await server.read(postRun.response, "POST", "/api/v1/runs", {
    id,
    project,
    config,
    dialect: "hf",
    createdAt: clock,
    environment: { command },
  });
  const points = series.map(({ name, labels, step, value }) => ({ name, labels, step: [...step], value: [...value] }));
  const { status, text } = await server.ask("POST", `/api/v1/runs/${id}/points`, toJson({ series: points }));
  if (status !== 200) throw new Error(text);
  await server.read(patchRun.response, "PATCH", `/api/v1/runs/${id}`, { status: "finished" });
  return id;
}
