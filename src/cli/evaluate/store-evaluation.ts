import { randomBytes } from "node:crypto";
import { judgedExamples, type MetricOptions } from "../../analysis/index.ts";
import { maxExamplesPosted, postEvaluation, postExamples } from "../../api/evaluation.ts";
import { patchRun, postRun, type NewRun } from "../../api/runs.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Example, JudgedExample } from "../../model/example.ts";
import { toJson } from "../../model/number.ts";
import type { Connection } from "../client/connection.ts";
import { runPage, runPath } from "../diagnose/stored-run.ts";

/** A piece is sent when it is so large: far below what the server takes, even where every character needs six. */
const pieceBytes = 4_000_000;
const sendTimeoutMs = 120_000;

export interface StoredAs {
  readonly project: string;
  readonly name: string;
}

/** Keeps an evaluation and its examples on the server; answers the address of its page. */
export async function storeEvaluation(
  connection: Connection,
  evaluation: Evaluation,
  { examples, metric }: { readonly examples: readonly Example[]; readonly metric: MetricOptions },
  { project, name }: StoredAs,
): Promise<string> {
  const id = `evaluation-${randomBytes(8).toString("hex")}`;
  const run: NewRun = { id, project, name, kind: "evaluate", source: "evaluate" };
  const post = (path: string, body: string): Promise<string> =>
    connection.send({ method: "POST", path: runPath(path, id), body, timeoutMs: sendTimeoutMs });
  await post(postRun.path, toJson(run));
  let first = 0;
  let piece: JudgedExample[] = [];
  let size = 0;
  const send = async (): Promise<void> => {
    if (piece.length === 0) return;
    await post(postExamples.path, toJson({ first, examples: piece }));
    first += piece.length;
    piece = [];
    size = 0;
  };
  for (const example of judgedExamples(examples, evaluation.task, metric)) {
    piece.push(example);
    size += sizeOf(example);
    if (size >= pieceBytes || piece.length >= maxExamplesPosted) await send();
  }
  await send();
  await post(postEvaluation.path, toJson(evaluation));
  await connection.send({
    method: "PATCH",
    path: runPath(patchRun.path, id),
    body: toJson({ status: "finished", exitStatus: 0 }),
  });
  return runPage(connection, id);
}

/** Characters of its texts and some for the rest. */
const sizeOf = ({ input, prediction, references, attributes }: JudgedExample): number =>
  (input?.length ?? 0) +
  (typeof prediction === "string" ? prediction.length : (prediction ?? []).join("").length) +
  references.reduce((sum, text) => sum + text.length, 0) +
  40 * Object.keys(attributes).length;
